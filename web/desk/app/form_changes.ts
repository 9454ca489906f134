// Decides what is said of the difference between two versions of a form, change by change, and what each means for the records that are there
// already and for those still to be made.

import type { Item } from "../../shared/forms/form.ts";
import type { Option } from "../../shared/forms/values.ts";
import { isList } from "../../shared/records/json.ts";

export interface Words {
  zh: string;
  en: string;
}

export interface Version {
  title: Words;
  items: readonly Item[];
}

export interface Difference {
  sign: "+" | "−" | "±" | "↕";
  words: Words;
  /** What comes of it; null where nothing has to be thought of. */
  effect: Words | null;
}

const EFFECTS = {
  gone: { zh: "新的记录不再填写；已有记录中的内容保留，照常显示。", en: "New records do not ask for it; what records hold stays and is shown." },
  must: { zh: "新的记录必须填写；已有记录空着也不算错。", en: "New records must answer it; records that leave it empty stay as they are." },
  renamed: { zh: "已有记录仍按原来的文字显示。", en: "Records that are there are shown with the words they were made with." },
  narrower: { zh: "已有的内容保留；新的记录按新的限度检查。", en: "What is there stays; new records are checked by the new limits." },
  fewer: { zh: "已选去掉的选项的记录保持原样；新的记录不能再选。", en: "Records that chose what is gone keep it; new ones cannot choose it." },
  hidden: { zh: "不出现时不填写也不检查；已有的内容保留。", en: "Where it does not show it is neither asked for nor checked; what is there stays." },
} as const;

/** What `now` changes against `before`, item by item. */
export function differences(before: Version, now: Version): Difference[] {
  const found: Difference[] = [];
  if (!same(before.title, now.title)) found.push({ sign: "±", words: { zh: `标题：${arrow(before.title.zh, now.title.zh)}`, en: `Title: ${arrow(before.title.en, now.title.en)}` }, effect: null });
  return [...found, ...among(before.items, now.items)];
}

function among(old: readonly Item[], now: readonly Item[]): Difference[] {
  const [held, kept] = [new Map(old.map((one) => [one.path, one])), new Set(now.map((one) => one.path))];
  const found: Difference[] = [];
  for (const one of now) if (!held.has(one.path)) found.push({ sign: "+", words: { zh: `新增“${called(one).zh}”`, en: `“${called(one).en}” is new` }, effect: one.required ? EFFECTS.must : null });
  for (const one of old) if (!kept.has(one.path)) found.push({ sign: "−", words: { zh: `去掉“${one.label.zh}”`, en: `“${one.label.en}” is gone` }, effect: EFFECTS.gone });
  for (const one of now) if (held.has(one.path)) found.push(...within(held.get(one.path)!, one));
  const [order, was] = [now.filter((one) => held.has(one.path)), old.filter((one) => kept.has(one.path))];
  if (order.some((one, at) => one.path !== was[at]!.path)) found.push({ sign: "↕", words: { zh: "顺序有变", en: "the order changed" }, effect: null });
  return found;
}

/** One that was just added may have no name yet. */
function called({ label }: Item): Words {
  return { zh: label.zh || "（没有名称）", en: label.en || "(no label)" };
}

/** What is different about one item. */
function within(was: Item, now: Item): Difference[] {
  const found: Difference[] = [];
  const tell = (zh: string, en: string, effect: Words | null = null): void => void found.push({ sign: "±", words: { zh: `“${was.label.zh}”：${zh}`, en: `“${was.label.en}”: ${en}` }, effect });
  if (!same(was.label, now.label)) tell(`名称 ${arrow(was.label.zh, now.label.zh)}`, `label ${arrow(was.label.en, now.label.en)}`, EFFECTS.renamed);
  if (was.kind !== now.kind) tell("种类有变", "its kind changed");
  if (Boolean(was.required) !== Boolean(now.required)) tell(now.required ? "改为必填" : "不再必填", now.required ? "required now" : "not required any more", now.required ? EFFECTS.must : null);
  for (const [limit, zh, en, tighter] of LIMITS) {
    const [before, after] = [was[limit] ?? null, now[limit] ?? null];
    if (before !== after) tell(`${zh} ${arrow(before ?? "无", after ?? "无")}`, `${en} ${arrow(before ?? "none", after ?? "none")}`, tighter(before, after) ? EFFECTS.narrower : null);
  }
  found.push(...options(was, now));
  if (!same(was.show_if ?? null, now.show_if ?? null)) tell(now.show_if ? "出现条件有变" : "总是出现", now.show_if ? "its condition changed" : "always shown now", now.show_if ? EFFECTS.hidden : null);
  for (const one of among(was.items ?? [], now.items ?? [])) found.push({ ...one, words: { zh: `“${was.label.zh}”里：${one.words.zh}`, en: `In “${was.label.en}”: ${one.words.en}` } });
  return found;
}

const LIMITS: readonly ["min" | "max", string, string, (before: number | null, after: number | null) => boolean][] = [
  ["min", "下限", "lower limit", (before, after) => (after ?? -Infinity) > (before ?? -Infinity)],
  ["max", "上限", "upper limit", (before, after) => (after ?? Infinity) < (before ?? Infinity)],
];

function options(was: Item, now: Item): Difference[] {
  const [old, held] = [was.options ?? [], now.options ?? []];
  const [before, after] = [new Map(old.map((one) => [one.value, one])), new Map(held.map((one) => [one.value, one]))];
  const found: Difference[] = [];
  const tell = (zh: string, en: string, effect: Words | null): void => void found.push({ sign: "±", words: { zh: `“${was.label.zh}”：${zh}`, en: `“${was.label.en}”: ${en}` }, effect });
  const names = (some: readonly Option[], tongue: "zh" | "en"): string => some.map((one) => `“${one.label[tongue]}”`).join(tongue === "zh" ? "、" : ", ");
  const [added, gone] = [held.filter((one) => !before.has(one.value)), old.filter((one) => !after.has(one.value))];
  if (added.length > 0) tell(`新增选项${names(added, "zh")}`, `options ${names(added, "en")} are new`, null);
  if (gone.length > 0) tell(`去掉选项${names(gone, "zh")}`, `options ${names(gone, "en")} are gone`, EFFECTS.fewer);
  for (const one of held) {
    const label = before.get(one.value)?.label;
    if (label && !same(label, one.label)) tell(`选项 ${arrow(label.zh, one.label.zh)}`, `option ${arrow(label.en, one.label.en)}`, EFFECTS.renamed);
  }
  const [order, former] = [held.filter((one) => before.has(one.value)), old.filter((one) => after.has(one.value))];
  if (order.some((one, at) => one.value !== former[at]!.value)) tell("选项顺序有变", "the order of options changed", null);
  return found;
}

function arrow(before: string | number, after: string | number): string {
  return `“${before}” → “${after}”`;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** Whoever sends a form may order its keys otherwise. */
function sorted(value: unknown): unknown {
  if (isList(value as never)) return (value as unknown[]).map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, held]) => [key, sorted(held)]));
}
