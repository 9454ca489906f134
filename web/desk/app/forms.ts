// Decides how a form is edited at the desk: which versions there are, what a draft changes against the published one, and how an item is
// moved, added and described.

import type { Item } from "../../shared/forms/form.ts";
import { RECORD_TYPES, typeInfo } from "../../shared/records/schema.ts";
import type { FieldInfo, RecordType } from "../../shared/records/schema.ts";

export interface Words {
  zh: string;
  en: string;
}

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

export interface Difference {
  sign: "+" | "−" | "±" | "↕";
  words: Words;
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

/** What a draft changes, item by item; parts of an item list count as its item. */
export function differences(before: FormKept, draft: Draft): Difference[] {
  const found: Difference[] = [];
  const [old, now] = [before.fields.items, draft.items];
  if (!same(before.fields.title, draft.title)) found.push({ sign: "±", words: { zh: `标题改为“${draft.title.zh}”`, en: `title is now “${draft.title.en}”` } });
  const [held, kept] = [new Set(old.map((one) => one.path)), new Set(now.map((one) => one.path))];
  for (const one of now) if (!held.has(one.path)) found.push({ sign: "+", words: { zh: `新增“${one.label.zh}”`, en: `“${one.label.en}” is new` } });
  for (const one of old) if (!kept.has(one.path)) found.push({ sign: "−", words: { zh: `去掉“${one.label.zh}”`, en: `“${one.label.en}” is gone` } });
  for (const one of now) {
    const was = old.find((other) => other.path === one.path);
    if (was === undefined || same(was, one)) continue;
    const parts = PARTS.filter(([part]) => !same(was[part] ?? null, one[part] ?? null));
    found.push({ sign: "±", words: { zh: `“${was.label.zh}”：${parts.map(([, zh]) => zh).join("、")}有变`, en: `“${was.label.en}”: ${parts.map(([, , en]) => en).join(", ")} changed` } });
  }
  const [order, was] = [now.filter((one) => held.has(one.path)), old.filter((one) => kept.has(one.path))];
  if (order.some((one, at) => one.path !== was[at]!.path)) found.push({ sign: "↕", words: { zh: "顺序有变", en: "the order changed" } });
  return found;
}

const PARTS: readonly [keyof Item, string, string][] = [
  ["label", "名称", "label"],
  ["kind", "种类", "kind"],
  ["required", "必填", "required"],
  ["min", "下限", "lower limit"],
  ["max", "上限", "upper limit"],
  ["options", "选项", "options"],
  ["show_if", "出现条件", "condition"],
  ["items", "各部分", "parts"],
];

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

export function isCheck(item: Item): boolean {
  return /^findings\/[^/]+\/finding$/.test(item.path);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
