// What is told of the difference between two versions of a form, and how changes are taken back.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Item } from "../../shared/forms/form.ts";
import { differences } from "./form_changes.ts";
import { historyOf } from "./form_history.ts";

const label = (zh: string): { zh: string; en: string } => ({ zh, en: zh });
const item = (path: string, more: Partial<Item> = {}): Item => ({ path, kind: "text", label: label(path), ...more });
const option = (value: string, zh = value): { value: string; label: { zh: string; en: string } } => ({ value, label: label(zh) });
const of = (...items: Item[]): { title: { zh: string; en: string }; items: Item[] } => ({ title: label("表"), items });
const told = (before: Item[], now: Item[]): string[] => differences(of(...before), of(...now)).map((one) => `${one.sign} ${one.words.zh}`);
const effects = (before: Item[], now: Item[]): (string | undefined)[] => differences(of(...before), of(...now)).map((one) => one.effect?.zh);

test("dk113 what is the same is not told, whatever the order of its keys", () => {
  assert.deepEqual(told([{ path: "a", kind: "text", label: { zh: "a", en: "a" } }], [{ kind: "text", label: { en: "a", zh: "a" }, path: "a" }]), []);
});

test("dk113 items that are new, gone, moved and changed are told, each with what comes of it", () => {
  const before = [item("a"), item("b"), item("c")];
  assert.deepEqual(told(before, [item("c"), item("a", { required: true }), item("d")]), ["+ 新增“d”", "− 去掉“b”", "± “a”：改为必填", "↕ 顺序有变"]);
  assert.deepEqual(effects(before, [item("a"), item("b")]), ["新的记录不再填写；已有记录中的内容保留，照常显示。"]);
  assert.deepEqual(effects([item("a", { required: true })], [item("a")]), [undefined]);
  assert.deepEqual(told([], [item("a", { label: label("") })]), ["+ 新增“（没有名称）”"]);
});

test("dk113 a limit that becomes narrower has an effect, one that becomes wider none", () => {
  assert.deepEqual(effects([item("a", { max: 10 })], [item("a", { max: 5 })]), ["已有的内容保留；新的记录按新的限度检查。"]);
  assert.deepEqual(effects([item("a", { max: 10 })], [item("a")]), [undefined]);
  assert.deepEqual(told([item("a")], [item("a", { min: 2 })]), ["± “a”：下限 “无” → “2”"]);
});

test("dk113 options are told by what became of each, and a list's parts within it", () => {
  const choice = (...options: Item["options"] & object): Item => item("a", { kind: "choice", options });
  assert.deepEqual(told([choice(option("x"), option("y", "乙"))], [choice(option("y", "丙"), option("z"))]), ["± “a”：新增选项“z”", "± “a”：去掉选项“x”", "± “a”：选项 “乙” → “丙”"]);
  assert.deepEqual(told([choice(option("x"), option("y"))], [choice(option("y"), option("x"))]), ["± “a”：选项顺序有变"]);
  const list = (...items: Item[]): Item => item("l", { kind: "items", items });
  assert.deepEqual(told([list(item("a"))], [list(item("a"), item("b"))]), ["+ “l”里：新增“b”"]);
});

test("dk112 words that are typed in one go are one change, and any other change is one of its own", () => {
  let now = 0;
  const history = historyOf<{ items: Item[] }>(() => now);
  const named = (zh: string): { items: Item[] } => ({ items: [item("a", { label: label(zh) })] });
  history.begin(named(""));
  for (const words of ["门", "门前", "门前路"]) {
    now += 200;
    history.change(named(words));
  }
  history.change({ items: [] });
  history.undo();
  assert.deepEqual(history.now.value, named("门前路"));
  history.undo();
  assert.deepEqual(history.now.value, named(""));
  assert.equal(history.mayUndo.value, false);
  history.redo();
  assert.deepEqual(history.now.value, named("门前路"));
  now += 5000;
  history.change(named("门"));
  assert.equal(history.mayRedo.value, false);
  history.undo();
  assert.deepEqual(history.now.value, named("门前路"));
});
