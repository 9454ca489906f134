// Decides in which order and under which labels a record is read: as its form asks, then whatever else it says.

import { visible } from "../forms/form.ts";
import type { Values } from "../forms/form.ts";
import { byCodePoint, isList, own, text } from "./json.ts";
import type { Json } from "./json.ts";
import { itemsOf } from "./items.ts";
import { fieldInfo, typeInfo } from "./schema.ts";

export type Words = readonly [zh: string, en: string];

/** One thing that a record says. A set (`participants`) is one line whose value is the list of its members. */
export interface Line {
  path: string;
  label: Words;
  kind: string;
  value: Json;
  /** Words for values that are codes. */
  options: { readonly [value: string]: Words };
}

/** Lines that belong together: the record's own, or those of one item of a list (`problems/01K9…`). */
export interface Part {
  path: string;
  label: Words;
  lines: Line[];
}

interface Asked {
  label: Words;
  kind: string;
  options: { [value: string]: Words };
}

const LISTS: { [list: string]: Words } = {
  problems: ["发现的问题", "Problems found"],
  follow_ups: ["跟进的问题", "Problems followed up"],
  needs: ["需补齐事项", "What is needed"],
  parts: ["参加人补充", "Added by participants"],
  milestones: ["节点", "Milestones"],
};

/** What the fields of a type say, by its form (null: none is here): first the record's own lines, then a part for each item of a list. */
export function tell(type: string, form: Values | null, fields: Values): Part[] {
  const asked = askedBy(form);
  const formOrder = form === null ? [] : visible(form, fields);
  const paths = inOrder(type, formOrder, fields);
  const own: Line[] = [];
  const parts = new Map<string, Part>();
  const sets = new Set<string>();
  for (const path of paths) {
    const [head, item] = path.split("/") as [string, string | undefined];
    if (item !== undefined && fieldInfo(type, path)?.kind === "boolean") {
      if (!sets.has(head)) own.push(setLine(type, head, fields, asked));
      sets.add(head);
      continue;
    }
    const line = lineOf(type, path, fields, asked);
    if (item === undefined || LISTS[head] === undefined) own.push(line);
    else {
      const at = `${head}/${item}`;
      const part = parts.get(at) ?? { path: at, label: asked.get(head)?.label ?? LISTS[head], lines: [] };
      part.lines.push(line);
      parts.set(at, part);
    }
  }
  return [{ path: "", label: ["", ""], lines: own.filter((one) => !isEmpty(one.value)) }, ...parts.values()];
}

/** How one field is called and what its values mean. */
export function lineOf(type: string, path: string, fields: Values, asked: Map<string, Asked>): Line {
  const told = asked.get(path) ?? asked.get(starred(path));
  const info = fieldInfo(type, path);
  const options = told !== undefined && Object.keys(told.options).length > 0 ? told.options : (info?.options ?? {});
  return { path, label: told?.label ?? besides(path, asked, info), kind: info?.kind ?? told?.kind ?? "", value: own(fields, path) ?? null, options };
}

/** What a form says of its fields; the parts of a list under `problems/star/text`, with a real star. */
export function askedBy(form: Values | null): Map<string, Asked> {
  const asked = new Map<string, Asked>();
  const items = own(own(form, "fields"), "items");
  for (const one of isList(items) ? items : []) {
    const path = text(own(one, "path"));
    asked.set(path, describe(one));
    const inner = own(one, "items");
    for (const part of isList(inner) ? inner : []) asked.set(`${path}/*/${text(own(part, "path"))}`, describe(part));
  }
  return asked;
}

/** The form's order; what else is filled in stands behind what it belongs to, or at the end as the type has it. */
function inOrder(type: string, formOrder: readonly string[], fields: Values): string[] {
  const there = new Set(Object.keys(fields).filter((path) => !isEmpty(fields[path] ?? null) && !isHidden(type, path, fields)));
  const order: string[] = [];
  const take = (path: string): void => {
    if (there.delete(path)) order.push(path);
  };
  for (const path of formOrder) {
    take(path);
    const [head, item] = path.split("/");
    const family = item === undefined ? `${path}/` : `${head}/${item}/`;
    if (item !== undefined || fieldInfo(type, `${path}/*`) !== undefined) for (const one of [...there].sort(byCodePoint)) if (one.startsWith(family)) take(one);
  }
  const described = Object.keys(typeInfo(type).fields);
  const rank = (path: string): number => described.indexOf(described.includes(path) ? path : starred(path));
  return [...order, ...[...there].sort((one, other) => rank(one) - rank(other) || byCodePoint(one, other))];
}

function isHidden(type: string, path: string, fields: Values): boolean {
  if (path === "withdrawn" || path.endsWith("/withdrawn")) return true;
  const [head, item] = path.split("/");
  return item !== undefined && fieldInfo(type, `${head}/*/withdrawn`) !== undefined && !itemsOf(fields, head!).has(item);
}

function setLine(type: string, head: string, fields: Values, asked: Map<string, Asked>): Line {
  const members = Object.keys(fields).filter((path) => path.startsWith(`${head}/`) && fields[path] === true);
  const info = fieldInfo(type, `${head}/*`);
  return { path: head, label: asked.get(head)?.label ?? [info?.zh ?? head, info?.en ?? head], kind: `set ${head}`, value: members.map((path) => path.slice(head.length + 1)), options: {} };
}

/** A part that the form does not ask for is called after its neighbour that it does: `findings/safety/text` after the finding. */
function besides(path: string, asked: Map<string, Asked>, info: { zh: string; en: string } | undefined): Words {
  const own: Words = [info?.zh ?? path, info?.en ?? path];
  const family = path.slice(0, path.lastIndexOf("/") + 1);
  const neighbour = family.length > 0 ? [...asked].find(([one]) => one.startsWith(family)) : undefined;
  if (neighbour === undefined) return own;
  const [zh, en] = neighbour[1].label;
  return [`${zh} · ${own[0]}`, `${en} · ${own[1]}`];
}

function starred(path: string): string {
  const [head, , ...rest] = path.split("/");
  return [head, "*", ...rest].join("/");
}

function describe(item: Json): Asked {
  const options = own(item, "options");
  const told = isList(options) ? options.map((one) => [String(own(one, "value")), words(own(one, "label"))] as const) : [];
  return { label: words(own(item, "label")), kind: text(own(item, "kind")), options: Object.fromEntries(told) };
}

function words(label: Json | undefined): Words {
  return [text(own(label, "zh")), text(own(label, "en"))];
}

function isEmpty(value: Json): boolean {
  return value === null || value === "" || (isList(value) && value.length === 0);
}
