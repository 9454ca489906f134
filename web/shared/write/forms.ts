// Decides by which form a record is filled in: the one that its draft names, one made for its kind, the general one, or, where none has
// come to the tablet yet, the fields of its type.

import { itemsOf } from "../forms/form.ts";
import type { Item } from "../forms/form.ts";
import { isObject, own, text } from "../records/json.ts";
import type { Body } from "../records/body.ts";
import { fieldInfo, typeInfo } from "../records/schema.ts";
import type { FieldInfo } from "../records/schema.ts";
import type { Values } from "./values.ts";

export interface Words {
  zh: string;
  en: string;
}

export interface Form {
  /** "" for the fields of a type. */
  id: string;
  kind: string;
  number: number;
  inUse: boolean;
  title: Words | null;
  items: readonly Item[];
}

const FINDING = /^findings\/([^/]+)\/finding$/;
const LONG = new Set("talked found outcome narrative resolution result conclusion_text brought text".split(" "));
const HIDDEN = new Set(["withdrawn", "task", "keep_until", "privacy", "parties", "public"]);

/** A form as its document says; null for one that this app cannot read. `today` as `2026-11-22`. */
export function formOf(id: string, body: Body, today: string): Form | null {
  const items = itemsOf(body as Values);
  if (items.length === 0) return null;
  const fields = own(body, "fields");
  const title = own(fields, "title");
  const from = text(own(fields, "from"));
  return {
    id,
    kind: text(own(fields, "kind")),
    number: Number(own(fields, "number") ?? 0),
    inUse: own(fields, "active") !== false && (!from || from <= today),
    title: isObject(title) ? { zh: text(title["zh"]), en: text(title["en"]) } : null,
    items,
  };
}

/** The form in use for a kind: one made for it before the general one, and the newest of those; null when there is none. */
export function bestForm(forms: readonly Form[], kind: string): Form | null {
  const usable = forms.filter((one) => one.inUse);
  const fitting = kind ? usable.filter((one) => one.kind === kind) : [];
  const among = fitting.length > 0 ? fitting : usable.filter((one) => one.kind === "");
  return [...among].sort((one, other) => other.number - one.number)[0] ?? null;
}

/** The form with every kind to choose from: those that it names, and those for which there is a form of their own. */
export function withKinds(form: Form, forms: readonly Form[]): Form {
  const special = forms.filter((one) => one.inUse && one.kind !== "");
  if (special.length === 0) return form;
  const general = bestForm(forms, "")?.items.find((one) => one.path === "kind");
  const held = form.items.find((one) => one.path === "kind") ?? general;
  const known = [...(general?.options ?? []), ...(held?.options ?? [])];
  const added = special.map((one) => ({ value: one.kind, label: one.title ?? { zh: one.kind, en: one.kind } }));
  const options = [...new Map([...added, ...known].map((one) => [one.value, one])).values()];
  const kind: Item = { ...(held ?? { path: "kind", label: { zh: "类型", en: "Kind" } }), kind: "choice", options };
  const rest = form.items.filter((one) => one.path !== "kind");
  const at = Math.max(0, form.items.findIndex((one) => one.path === "kind"));
  return { ...form, items: [...rest.slice(0, at), kind, ...rest.slice(at)] };
}

/** The form with the checklist of a joint survey in the place of its own. `checklist`: what is asked, by code. */
export function withChecklist<F extends { readonly items: readonly Item[] }>(form: F, checklist: readonly { code: string; text: string }[]): F {
  if (checklist.length === 0) return form;
  const options = Object.entries(fieldInfo("survey", "findings/*/finding")?.options ?? {}).map(([value, [zh, en]]) => ({ value, label: { zh, en } }));
  const at = form.items.findIndex((one) => FINDING.test(one.path));
  const rest = form.items.filter((one) => !one.path.startsWith("findings/"));
  const asked = checklist.map(({ code, text: words }): Item => ({
    path: `findings/${code}/finding`,
    kind: "choice",
    label: { zh: words, en: words },
    required: true,
    options,
  }));
  return { ...form, items: [...rest.slice(0, at < 0 ? rest.length : at), ...asked, ...rest.slice(at < 0 ? rest.length : at)] };
}

/** The code of a finding's path, or "". */
export function findingCode(path: string): string {
  return FINDING.exec(path)?.[1] ?? "";
}

/** Every field of a type, for a record whose form has not come yet. */
export function fieldsAsForm(type: string): Form {
  const items: Item[] = [];
  for (const [path, field] of Object.entries(typeInfo(type).fields)) {
    const [head, star, ...part] = path.split("/");
    if (HIDDEN.has(head!) || part.join("/") === "withdrawn" || (star === "*" && (head === "findings" || head === "stages" || head === "parts"))) continue;
    if (star === undefined) items.push(itemOf(path, field));
    else if (part.length === 0) items.push({ path: head!, kind: "set", label: labelOf(head!, field) });
    else {
      let list = items.find((one) => one.path === head);
      if (list === undefined) items.push((list = { path: head!, kind: "items", label: labelOf(head!, field), items: [] }));
      list.items!.push(itemOf(part.join("/"), field));
    }
  }
  return { id: "", kind: "", number: 0, inUse: true, title: null, items };
}

/** What a record cannot be without, whatever the form. */
const REQUIRED = new Set(["subject", "period", "kind", "matter"]);
const LISTS: { [list: string]: Words } = {
  problems: { zh: "发现的问题", en: "Problems found" },
  follow_ups: { zh: "跟进的问题", en: "Problems followed up" },
  needs: { zh: "需补齐事项", en: "What is needed" },
  participants: { zh: "参加人", en: "Participants" },
};

function itemOf(path: string, field: FieldInfo): Item {
  const label = { zh: field.zh, en: field.en };
  const required = REQUIRED.has(path) && !(path === "subject" && field.zh.includes("或")) ? { required: true } : {};
  if (field.options) {
    const whole = field.kind === "scale";
    const options = Object.entries(field.options).map(([value, [zh, en]]) => ({ value: whole ? Number(value) : value, label: { zh, en } }));
    return { path, kind: "choice", label, options, ...required };
  }
  if (field.kind === "code") return { path, kind: "text", label, max: 40, ...required };
  return { path, kind: field.kind, label, ...(field.kind === "text" ? { max: LONG.has(path) ? 2000 : 200 } : {}), ...required };
}

function labelOf(head: string, field: FieldInfo): Words {
  return LISTS[head] ?? { zh: field.zh, en: field.en };
}
