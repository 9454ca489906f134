// Decides what a form shows for the values so far, and what is wrong with them (FM1 to FM10). A form is a document
// (`form:<type>/<version>`); its `fields.items` is a list in the order of the screen. An item that is not shown is not
// checked, and its value is kept.

import { byCodePoint, isList, isObject, own } from "../records/json.ts";
import type { Json } from "../records/json.ts";
import * as values from "./values.ts";
import type { Kind, Option, Reason } from "./values.ts";

export type Values = { readonly [path: string]: Json };

export interface Problem {
  field: string;
  code: string;
  zh: string;
  en: string;
}

export interface Item {
  path: string;
  kind: string;
  label: { zh: string; en: string };
  required?: boolean | null;
  min?: number | null;
  max?: number | null;
  options?: Option[];
  of?: string[] | null;
  show_if?: { path: string; equals: Json } | null;
  items?: Item[];
}

interface Shown {
  path: string;
  item: Item;
}

const ITEM_KINDS = new Set(
  "text lines integer minutes boolean choice choices day instant period place reference member item_of set items".split(" "),
);
const PATH_CHARACTERS_MAX = 120;
const LABEL_CHARACTERS_MAX = 500;
const ITEMS_MAX = 300;
const CODE = /^[a-z][a-z0-9_]{0,39}$/;

/** The paths that the form shows, in its order; the parts of an item list once for each item. Empty for one that cannot be read. */
export function visible(form: Values, held: Values): string[] {
  return [...shown(itemsOf(form), held)].map((one) => one.path);
}

/** Everything wrong with the values that the form shows. Never throws; a form that cannot be read is itself the problem. */
export function checkForm(form: Values, held: Values): Problem[] {
  const items = itemsOf(form);
  if (items.length === 0) {
    return [{ field: "items", code: "format", zh: "表单有误，请更新表单", en: "the form cannot be read: update the forms" }];
  }
  return [...shown(items, held)].map((one) => problem(one, held)).filter((one) => one !== null);
}

/** The items of a form; none when it cannot be read. */
export function itemsOf(form: Values): Item[] {
  const items = own(own(form, "fields"), "items");
  return areItems(items, false) ? (items as unknown as Item[]) : [];
}

function* shown(items: readonly Item[], held: Values): Iterable<Shown> {
  const hidden = new Set<string>();
  for (const item of items) {
    if (!conditionHolds(item, held, hidden, "", new Set())) {
      hidden.add(item.path);
      continue;
    }
    yield { path: item.path, item };
    if (item.kind !== "items") continue;
    for (const entry of entries(item.path, held)) yield* shownInEntry(`${item.path}/${entry}/`, item.items!, held, hidden);
  }
}

/** A condition that names a part of the same item means this item's; any other means the form's. */
function* shownInEntry(prefix: string, parts: readonly Item[], held: Values, outside: Set<string>): Iterable<Shown> {
  const names = new Set(parts.map((part) => part.path));
  const hidden = new Set(outside);
  for (const part of parts) {
    if (conditionHolds(part, held, hidden, prefix, names)) yield { path: prefix + part.path, item: part };
    else hidden.add(prefix + part.path);
  }
}

function conditionHolds(item: Item, held: Values, hidden: Set<string>, prefix: string, names: Set<string>): boolean {
  if (item.show_if == null) return true;
  const path = names.has(item.show_if.path) ? prefix + item.show_if.path : item.show_if.path;
  if (hidden.has(path)) return false;
  const wanted = item.show_if.equals;
  return (isList(wanted) ? wanted : [wanted]).some((one) => own(held, path) === one);
}

/** The ids of the items that are there, by code point; a withdrawn one is not. */
function entries(path: string, held: Values): string[] {
  const head = `${path}/`;
  const ids = new Set<string>();
  for (const one of Object.keys(held)) {
    const at = one.startsWith(head) ? one.indexOf("/", head.length) : -1;
    if (at > head.length) ids.add(one.slice(head.length, at));
  }
  return [...ids].filter((id) => (own(held, `${head}${id}/withdrawn`) ?? null) === null).sort(byCodePoint);
}

function problem({ path, item }: Shown, held: Values): Problem | null {
  if (item.kind === "set") return setProblem(path, item, held);
  if (item.kind === "items") return item.required && entries(path, held).length === 0 ? missing(path, item) : null;
  const value = own(held, path) ?? null;
  if (value === null) return item.required ? missing(path, item) : null;
  const wanted = kindOf(item);
  return wanted.holds(value) ? null : told(path, item, wanted.why(value));
}

function setProblem(path: string, item: Item, held: Values): Problem | null {
  const members = Object.keys(held).filter((one) => one.startsWith(`${path}/`));
  for (const one of members.sort(byCodePoint)) {
    const value = held[one] ?? null;
    if (value !== null && !values.boolean.holds(value)) return told(one, item, values.boolean.why(value));
  }
  return item.required && !members.some((one) => held[one] === true) ? missing(path, item) : null;
}

function kindOf(item: Item): Kind {
  const [least, most] = [item.min ?? null, item.max ?? null];
  switch (item.kind) {
    case "text":
      return values.text(least, most);
    case "integer":
      return values.integer(least, most);
    case "minutes":
      return values.minutes(least, most);
    case "lines":
      return values.lines(most);
    case "reference":
      return values.reference(item.of ?? []);
    case "choice":
    case "choices":
      return values.choice(item.options ?? [], item.kind === "choices");
    default:
      return values.FIXED[item.kind]!;
  }
}

function missing(path: string, item: Item): Problem {
  return told(path, item, ["required", "必填，请填写", "required, fill it in"]);
}

function told(path: string, item: Item, [code, zh, en]: Reason): Problem {
  return { field: path, code, zh: `${item.label.zh}：${zh}`, en: `${item.label.en}: ${en}` };
}

function areItems(items: unknown, nested: boolean): boolean {
  if (!isList(items) || items.length === 0 || items.length > ITEMS_MAX) return false;
  if (!items.every((one) => isItem(one, nested))) return false;
  return new Set(items.map((one) => own(one, "path"))).size === items.length;
}

function isItem(item: Json, nested: boolean): boolean {
  const [kind, path, required] = [own(item, "kind"), own(item, "path"), own(item, "required") ?? null];
  if (typeof kind !== "string" || !ITEM_KINDS.has(kind) || typeof path !== "string") return false;
  if (!within(path, PATH_CHARACTERS_MAX) || !isLabel(own(item, "label"))) return false;
  if (required !== null && typeof required !== "boolean") return false;
  if (!["min", "max"].every((limit) => (own(item, limit) ?? null) === null || Number.isInteger(own(item, limit)))) return false;
  if (!isCondition(own(item, "show_if") ?? null)) return false;
  if (kind === "choice" || kind === "choices") return areOptions(own(item, "options"));
  const of = own(item, "of") ?? null;
  if (kind === "reference") return of === null || (isList(of) && of.every((one) => typeof one === "string" && CODE.test(one)));
  return kind !== "items" || (!nested && !path.includes("/") && areItems(own(item, "items"), true));
}

function isLabel(label: unknown): boolean {
  return ["zh", "en"].every((tongue) => {
    const words = own(label, tongue);
    return typeof words === "string" && within(words, LABEL_CHARACTERS_MAX);
  });
}

function areOptions(options: unknown): boolean {
  if (!isList(options) || options.length === 0 || options.length > ITEMS_MAX) return false;
  return options.every((one) => isPlain(own(one, "value")) && isLabel(own(one, "label")));
}

function isCondition(condition: Json): boolean {
  if (condition === null) return true;
  const wanted = own(condition, "equals");
  if (!isObject(condition) || typeof own(condition, "path") !== "string" || wanted === undefined) return false;
  return isPlain(wanted) || (isList(wanted) && wanted.every(isPlain));
}

function isPlain(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isInteger(value);
}

function within(words: string, most: number): boolean {
  return words !== "" && [...words].length <= most;
}
