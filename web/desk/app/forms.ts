// Decides how a form is edited at the desk: which versions there are, and how an item is moved, added, copied and described.

import { itemsOf } from "../../shared/forms/form.ts";
import type { Item } from "../../shared/forms/form.ts";
import type { Json } from "../../shared/records/json.ts";
import { RECORD_TYPES, typeInfo } from "../../shared/records/schema.ts";
import type { FieldInfo, RecordType } from "../../shared/records/schema.ts";
import type { Form } from "../../shared/write/forms.ts";
import { dayOf } from "./clock.ts";
import type { Words } from "./form_changes.ts";

export interface FormKept {
  id: string;
  fields: { for: RecordType; kind?: string; number: number; title: Words; items: Item[]; from?: string; active?: boolean };
  by: string;
  at: string;
}

/** All versions of the form for a type, or for one kind of it, the newest first. */
export interface Family {
  key: string;
  of: RecordType;
  kind: string;
  versions: FormKept[];
}

export interface Draft {
  title: Words;
  since: string;
  items: Item[];
  /** The version that this one changes. */
  follows: number;
}

export function families(forms: readonly FormKept[]): Family[] {
  const found = new Map<string, Family>();
  for (const one of forms) {
    const [of, kind] = [one.fields.for, one.fields.kind ?? ""];
    const key = kind ? `${of}~${kind}` : of;
    if (!found.has(key)) found.set(key, { key, of, kind, versions: [] });
    found.get(key)!.versions.push(one);
  }
  for (const one of found.values()) one.versions.sort((left, right) => right.fields.number - left.fields.number);
  return [...found.values()].sort((left, right) => RECORD_TYPES.indexOf(left.of) - RECORD_TYPES.indexOf(right.of) || left.kind.localeCompare(right.kind));
}

export function draftOf(form: FormKept): Draft {
  const { title, items, number } = form.fields;
  return structuredClone({ title: { ...title }, since: "", items: JSON.parse(JSON.stringify(items)) as Item[], follows: number });
}

/** A draft that brings a former version back; it changes the version that is published now. */
export function broughtBack(former: FormKept, published: FormKept): Draft {
  return { ...draftOf(former), follows: published.fields.number };
}

/** What a tablet would have: the draft first, then every form that another kind leads to. */
export function formsToTry(family: Family, draft: Draft, all: readonly Family[]): Form[] {
  const today = dayOf(Date.now());
  const tried: Form = { id: "form:tried", kind: family.kind, number: Number.MAX_SAFE_INTEGER, inUse: true, title: draft.title, items: draft.items };
  const others = all.filter((one) => one.of === family.of && one.key !== family.key).flatMap((one) => one.versions);
  return [
    tried,
    ...others
      .map((one) => ({ id: one.id, kind: one.fields.kind ?? "", number: one.fields.number, inUse: one.fields.active !== false && (one.fields.from ?? "") <= today, title: one.fields.title, items: one.fields.items }))
      .filter((one) => itemsOf({ fields: { items: one.items } as unknown as Json }).length > 0),
  ];
}

/** The items with one of them moved; the same list where it would leave it. */
export function moved(items: readonly Item[], from: number, to: number): Item[] {
  if (to < 0 || to >= items.length || from === to) return [...items];
  const next = [...items];
  const [one] = next.splice(from, 1);
  next.splice(to, 0, one!);
  return next;
}

/** Kinds that a question of the centre's own can have. */
export const OWN_KINDS: readonly [kind: string, zh: string, en: string][] = [
  ["text", "文字", "text"],
  ["choice", "单选", "one of several"],
  ["choices", "多选", "some of several"],
  ["boolean", "是 / 否", "yes / no"],
  ["integer", "整数", "whole number"],
  ["minutes", "分钟", "minutes"],
  ["day", "日期", "day"],
  ["instant", "时间", "time"],
  ["lines", "多行列表", "list of lines"],
  ["member", "人员", "person"],
];
const KIND_WORDS: { [kind: string]: Words } = {
  ...Object.fromEntries(OWN_KINDS.map(([kind, zh, en]) => [kind, { zh, en }])),
  period: { zh: "起止时间", en: "start and end" },
  place: { zh: "位置", en: "place" },
  reference: { zh: "选择对象", en: "subject or record" },
  item_of: { zh: "选择问题", en: "problem" },
  set: { zh: "多名人员", en: "people" },
  items: { zh: "条目列表", en: "list of items" },
};

export function kindWords(kind: string): Words {
  return KIND_WORDS[kind] ?? { zh: kind, en: kind };
}

const LEFT_ASIDE = /^(parties|parts|task|case|withdrawn|own|public)(\/|$)|\*/;

/** Fields of the type that the form does not ask for yet. */
export function unused(of: RecordType, items: readonly Item[]): [path: string, field: FieldInfo][] {
  const held = new Set(items.map((one) => one.path));
  return Object.entries(typeInfo(of).fields).filter(([path]) => !held.has(path) && !LEFT_ASIDE.test(path));
}

export function itemOf(path: string, field: FieldInfo): Item {
  const label = { zh: field.zh, en: field.en };
  if (field.options) {
    const whole = field.kind === "scale";
    return { path, kind: "choice", label, options: Object.entries(field.options).map(([value, [zh, en]]) => ({ value: whole ? Number(value) : value, label: { zh, en } })) };
  }
  return { path, kind: field.kind === "code" ? "text" : field.kind, label };
}

export function ownQuestion(kind: string, id: string): Item {
  const label = { zh: "新的一项", en: "New item" };
  return { path: `x_${id}`, kind, label, ...(kind.startsWith("choice") ? { options: [{ value: "a", label: { zh: "选项一", en: "First" } }, { value: "b", label: { zh: "选项二", en: "Second" } }] } : {}) };
}

/** One question of a survey's checklist, with the findings that every site gets. */
export function checklistItem(id: string): Item {
  const findings = typeInfo("survey").fields["findings/*/finding"]?.options ?? {};
  const options = Object.entries(findings).map(([value, [zh, en]]) => ({ value, label: { zh, en } }));
  return { path: `findings/c${id}/finding`, kind: "choice", label: { zh: "新的检查项", en: "New check" }, required: true, options };
}

/** What a form may ask for twice: its own questions and the checks of a survey. A field of the record is one field. */
export function mayCopy(item: Item): boolean {
  return item.path.startsWith("x_") || isCheck(item);
}

export function copyOf(item: Item, id: string): Item {
  const label = { zh: `${item.label.zh}（副本）`, en: `${item.label.en} (copy)` };
  return { ...(JSON.parse(JSON.stringify(item)) as Item), path: isCheck(item) ? `findings/c${id}/finding` : `x_${id}`, label };
}

/** Of chance, so that what two people add apart does not meet. */
export function newItemId(): string {
  return Math.random().toString(36).slice(2, 8);
}

export function isCheck(item: Item): boolean {
  return /^findings\/[^/]+\/finding$/.test(item.path);
}
