// What recording computes: steps and forms, what a draft holds and finishing writes, faults, searching, moments, strokes, phrases.

import assert from "node:assert/strict";
import { test } from "node:test";

import { visible } from "../../shared/forms/form.ts";
import type { Item } from "../../shared/forms/form.ts";
import type { Json } from "../../shared/records/json.ts";
import type { Card } from "../../shared/records/card.ts";
import type { Draft } from "../../shared/write/draft.ts";
import { faultsOf, keptUntil, mayFinish } from "../../shared/write/faults.ts";
import { actsOf, finish } from "./finishing.ts";
import type { Act } from "./finishing.ts";
import { bestForm, fieldsAsForm, formOf, withChecklist, withKinds } from "../../shared/write/forms.ts";
import type { Form } from "../../shared/write/forms.ts";
import { fromLocal, toLocal } from "../../shared/inputs/moments.ts";
import { withPhrase } from "../../shared/forms/phrase.ts";
import { phraseField, phrasesFor, remember } from "../../shared/write/phrases.ts";
import { distance, find } from "../../shared/write/picking.ts";
import { stepAt, stepsOf } from "../../shared/forms/steps.ts";
import { drawn, isSigned, pointOf } from "./strokes.ts";
import { itemIds, joined, mayChange, withoutItem, withValue } from "../../shared/write/values.ts";

const label = (zh: string): { zh: string; en: string } => ({ zh, en: zh });
const item = (path: string, kind: string, more: Partial<Item> = {}): Item => ({ path, kind, label: label(path), ...more });
const VISIT: Item[] = [
  item("subject", "reference", { required: true, of: ["household", "enterprise"] }),
  item("period", "period", { required: true }),
  item("participants", "set", { required: true }),
  item("place", "place"),
  item("found", "text", { max: 10 }),
  item("advised", "integer", { min: 0, max: 100 }),
  item("problems", "items", { items: [item("text", "text", { required: true })] }),
];
const form = (items: Item[]): { [path: string]: Json } => ({ fields: { items } }) as unknown as { [path: string]: Json };
const PERIOD = ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"];

function draft(more: Partial<Draft> = {}): Draft {
  const values = { subject: "household:01K8A", period: PERIOD, "participants/m1": true };
  return { id: "visit:01K9A", type: "visit", db: "branch-b03", form: "form:visit/1", edits: false, values, alsoFor: [], photos: [], photosGone: [], placeless: false, step: 0, at: 0, ...more };
}

function steps(type: string, items: Item[], values: { [path: string]: Json } = {}): string[] {
  return stepsOf(type, items, new Set(visible(form(items), values))).map((one) => `${one.id}: ${one.items.map((of) => of.path).join(" ")}`.trim());
}

test("tw2 a form is gone through in steps, in the order of what happens", () => {
  assert.deepEqual(steps("visit", VISIT), ["who: subject period participants", "what: found advised", "problems: problems", "place: place", "check:"]);
  const survey = [item("subject", "reference"), item("findings/area/finding", "choice", { options: [{ value: "pass", label: label("符合") }] }), item("conclusion", "text"), item("needs", "items", { items: [item("text", "text")] })];
  assert.deepEqual(steps("survey", survey), ["who: subject", "checklist: findings/area/finding", "what: conclusion", "problems: needs", "place:", "check:"]);
});

test("tw2 a step with nothing in it is left out, and comes when an answer asks for it", () => {
  const items = [item("kind", "text"), item("lecturer", "text", { show_if: { path: "kind", equals: "party_lecture" } })];
  assert.deepEqual(steps("event", items), ["who: kind", "place:", "check:"]);
  assert.deepEqual(steps("event", items, { kind: "party_lecture" }), ["who: kind", "what: lecturer", "place:", "check:"]);
});

test("tw2 a field of an item, a member of a set and what is asked for nowhere have their step", () => {
  const made = stepsOf("visit", VISIT, new Set(visible(form(VISIT), {})));
  assert.deepEqual(["problems/01K9/text", "participants/m2", "privacy", "elsewhere"].map((path) => stepAt(made, path)), ["problems", "who", "what", "check"]);
});

test("tw1 a form made for a kind comes before the general one, and its kind can be chosen though no list names it", () => {
  const general: Form = { id: "form:event/1", kind: "", number: 1, inUse: true, title: null, items: [item("kind", "choice", { options: [{ value: "study", label: label("学习") }] }), item("title", "text")] };
  const special = formOf("form:event/7", { type: "form", fields: { for: "event", number: 7, kind: "flood_watch", title: label("防汛值守"), items: [item("level", "integer")] } } as never, "2026-11-22")!;
  assert.equal(bestForm([general, special], "study"), general);
  assert.equal(bestForm([general, special], "flood_watch"), special);
  assert.equal(bestForm([general, { ...special, inUse: false }], "flood_watch"), general);
  const options = (one: Form): unknown[] => one.items.find((of) => of.path === "kind")!.options!.map((of) => [of.value, of.label.zh]);
  assert.deepEqual(options(withKinds(general, [general, special])), [["flood_watch", "防汛值守"], ["study", "学习"]]);
  assert.deepEqual(withKinds(special, [general, special]).items.map((one) => one.path), ["kind", "level"]);
});

test("tw1 a form that begins later or cannot be read is not used, and without one the fields of the type are asked for", () => {
  const later = { type: "form", fields: { for: "visit", number: 2, from: "2027-01-01", items: [item("found", "text")] } } as never;
  assert.equal(bestForm([formOf("form:visit/2", later, "2026-11-22")!], ""), null);
  assert.equal(formOf("form:visit/3", { type: "form", fields: { items: [{ path: "x", kind: "hologram" }] } } as never, "2026-11-22"), null);
  for (const type of ["visit", "service", "survey", "event"]) {
    const { items } = fieldsAsForm(type);
    assert.notDeepEqual(visible(form([...items]), {}), [], type);
    for (const path of ["period", "participants", "narrative", "problems"]) assert.ok(items.some((one) => one.path === path), `${type} ${path}`);
  }
});

test("tw1 a joint survey brings its own checklist in the place of the form's", () => {
  const survey: Form = { id: "f", kind: "", number: 1, inUse: true, title: null, items: [item("subject", "reference"), item("findings/area/finding", "choice"), item("conclusion", "text")] };
  const asked = withChecklist(survey, [{ code: "exits", text: "疏散通道" }, { code: "water", text: "消防水源" }]);
  assert.deepEqual(asked.items.map((one) => one.path), ["subject", "findings/exits/finding", "findings/water/finding", "conclusion"]);
  assert.deepEqual(asked.items[1]!.options!.map((one) => one.label.zh), ["符合", "整改后符合", "不符合", "不涉及"]);
  assert.equal(withChecklist(survey, []), survey);
});

test("tw7 a change holds only what differs, and an emptied field of the record is empty", () => {
  const base = { found: "漏雨", address: "三栋", advised: 2 };
  let typed = withValue(base, {}, "found", "屋顶漏雨");
  typed = withValue(base, typed, "address", "");
  typed = withValue(base, typed, "advised", 2);
  assert.deepEqual(typed, { found: "屋顶漏雨", address: null });
  assert.deepEqual(joined(base, typed), { found: "屋顶漏雨", advised: 2 });
  assert.deepEqual(withValue(base, typed, "found", "漏雨"), { address: null });
  assert.deepEqual(withValue({}, { found: "a" }, "found", ""), {});
  assert.deepEqual(withValue({}, {}, "advised", 1.5), { advised: 1.5 });
});

test("tw7 an item that the record has is withdrawn, one that was only typed is gone", () => {
  const base = { "problems/A001/text": "漏雨" };
  const typed = { "problems/A001/text": "屋顶漏雨", "problems/B001/text": "路灯" };
  assert.deepEqual(withoutItem(base, typed, "problems/B001"), { "problems/A001/text": "屋顶漏雨" });
  const without = withoutItem(base, typed, "problems/A001");
  assert.deepEqual(itemIds(joined(base, without), "problems"), ["B001"]);
  const acts = actsOf(draft({ edits: true, values: without as Draft["values"] }));
  assert.deepEqual(acts.map((one) => [one.do, one.do === "withdraw" ? one.item : one.do === "edit" ? one.values : ""]), [["edit", { "problems/B001/text": "路灯" }], ["withdraw", "problems/A001"]]);
});

test("tw7 whoever took part may change their own part, whoever did not may change nothing", () => {
  const base = { "participants/m2": true };
  const may = (member: string): boolean[] => ["subject", "problems/A001/text", "parts/m2/text", "parts/m1/text", "participants/m2", "participants/m3"].map((path) => mayChange("m1", base, member, path));
  assert.deepEqual(may("m1"), [true, true, true, true, true, true]);
  assert.deepEqual(may("m2"), [false, true, true, false, true, false]);
  assert.deepEqual(may("m3"), [false, false, false, false, false, false]);
});

test("tw4 finishing writes the record, then its photos, then lets go of the draft", async () => {
  const photo = { id: "photo:01K9P", digest: `sha256-${"0".repeat(64)}`, size: 10, width: 4, height: 3, at: "2026-11-20T00:10:00Z", caption: "屋顶" };
  const done: string[] = [];
  const note = (...words: string[]): Promise<void> => (done.push(words.join(" ")), Promise.resolve());
  const writer = { create: (db: string, type: string, id: string, values: { readonly [path: string]: Json }, formName = "") => note("create", db, type, id, formName, String(values["record"] ?? "")), edit: () => note("edit"), withdraw: () => note("withdraw") };
  await finish({ writer, drafts: { remove: (id: string) => note("remove", id) } }, draft({ photos: [photo] }));
  assert.deepEqual(done, ["create branch-b03 visit visit:01K9A visit/1 ", "create branch-b03 photo photo:01K9P  visit:01K9A", "remove visit:01K9A"]);
});

test("tw4 a crash anywhere in finishing leaves the draft, and finishing again asks for the same writes", async () => {
  const whole = draft({ alsoFor: [{ subject: "household:01K8B", id: "visit:01K9B" }] });
  const ids = (acts: Act[]): string[] => acts.map((one) => one.id);
  let left = 1;
  let removed = false;
  const writer = { create: () => (left-- > 0 ? Promise.resolve() : Promise.reject(new Error("battery"))), edit: () => Promise.resolve(), withdraw: () => Promise.resolve() };
  const drafts = { remove: () => ((removed = true), Promise.resolve()) };
  await assert.rejects(finish({ writer, drafts }, whole));
  assert.equal(removed, false);
  assert.deepEqual(ids(actsOf(whole)), ids(actsOf(whole)));
});

test("tw6 each of several households gets a record of its own, and what was found at the first stays there", () => {
  const values = { subject: "household:01K8A", found: "正常", "problems/A001/text": "漏雨", period: PERIOD };
  const also = [{ subject: "household:01K8B", id: "visit:01K9B" }, { subject: "household:01K8A", id: "visit:01K9C" }];
  const acts = actsOf(draft({ values, alsoFor: also }));
  assert.deepEqual(acts.map((one) => one.id), ["visit:01K9A", "visit:01K9B"]);
  assert.deepEqual(acts[1]!.do === "create" && acts[1]!.values, { subject: "household:01K8B", found: "正常", period: PERIOD });
});

test("tw5 what is required has to be there to finish; what is merely wrong has not", () => {
  const values = { subject: "household:01K8A", period: PERIOD, "participants/m1": true };
  assert.deepEqual(faultsOf(form(VISIT), values), []);
  const codes = (more: { [path: string]: Json }): string[] => faultsOf(form(VISIT), { ...values, ...more }).map((one) => `${one.field} ${one.code}`);
  assert.deepEqual(codes({ advised: "两次" }), ["advised type"]);
  assert.deepEqual(codes({ "problems/A001/owner": "m1" }), ["problems/A001/text required"]);
  assert.deepEqual(codes({ period: [PERIOD[1]!, PERIOD[0]!] }), ["period end_before_start"]);
  assert.deepEqual(codes({ period: ["2026-11-20T00:00:00Z", "2026-11-21T00:00:01Z"] }), ["period duration"]);
  assert.equal(mayFinish(faultsOf(form(VISIT), { ...values, advised: "两次" })), true);
  assert.equal(mayFinish(faultsOf(form(VISIT), { period: PERIOD })), false);
});

test("tw13 what tells of a household says that notice or consent was given, and until when it is kept", () => {
  const values = { subject: "household:01K8A", period: PERIOD, "participants/m1": true, found: "正常" };
  const fields = (more: { [path: string]: Json }): string[] => faultsOf(form(VISIT), { ...values, ...more }).map((one) => one.field);
  assert.deepEqual(fields({}), ["privacy"]);
  assert.deepEqual(fields({ privacy: "notice" }), ["keep_until"]);
  assert.deepEqual(fields({ privacy: "notice", keep_until: keptUntil("2026-11-22") }), []);
  assert.deepEqual(fields({ subject: "enterprise:01K8A" }), []);
  assert.deepEqual([keptUntil("2026-11-22"), keptUntil("2028-02-29")], ["2028-11-22", "2030-02-28"]);
});

function card(id: string, name: string, initials: string[], more: { [path: string]: Json } = {}): Card {
  return { id, db: "", type: "subject", at: "", about: "", author: "", name, kind: "", subject: "", state: "", removed: false, initials, address: "", ...more };
}

const PEOPLE = [
  card("household:1", "张建国", ["zjg"], { place: [300000000, 1100000000] }),
  card("household:2", "赵大爷", ["zdy"], { place: [300100000, 1100000000] }),
  card("enterprise:3", "云泽纺织公司", ["yzfzgs"], { address: "高新区张衡路8号" }),
];
const named = (words: string, more: Partial<Parameters<typeof find>[1]> = {}): string[] => find(PEOPLE, { words, kinds: [], place: null, seen: new Map(), ...more }).found.map((one) => one.card.name);

test("tw12 somebody is found by name, by initials and by address, the name first", () => {
  assert.deepEqual(named("张"), ["张建国", "云泽纺织公司"]);
  assert.deepEqual(named("zdy"), ["赵大爷"]);
  assert.deepEqual(named("fz"), ["云泽纺织公司"]);
  assert.deepEqual(named("高新区 8号"), ["云泽纺织公司"]);
  assert.deepEqual(named("张", { kinds: ["household"] }), ["张建国"]);
  assert.deepEqual(named("王"), []);
});

test("tw12 nearest first where the place is known, else whom one has seen last", () => {
  assert.deepEqual(named("", { place: [300100000, 1100000000, 8] }), ["赵大爷", "张建国", "云泽纺织公司"]);
  assert.deepEqual(named("", { seen: new Map([["enterprise:3", "2026-11-20"], ["household:1", "2026-11-01"]]) }), ["云泽纺织公司", "张建国", "赵大爷"]);
  assert.equal(distance([300000000, 1100000000], [300100000, 1100000000]), 1112);
});

test("tw12 of three thousand only the first fifty are shown", () => {
  const many = Array.from({ length: 3000 }, (_, n) => card(`household:${n}`, `张${n}`, [`z${n}`]));
  const { found, more } = find(many, { words: "z", kinds: [], place: null, seen: new Map() });
  assert.deepEqual([found.length, more], [50, 2950]);
});

test("tw1 a moment is shown and read in the centre's zone, also where the clock changes", () => {
  assert.equal(toLocal("2026-11-20T00:03:12Z", "Asia/Shanghai"), "2026-11-20T08:03");
  assert.equal(fromLocal("2026-11-20T08:03", "Asia/Shanghai"), "2026-11-20T00:03:00Z");
  assert.equal(fromLocal("2026-03-29T03:30", "Europe/Berlin"), "2026-03-29T01:30:00Z");
  assert.equal(fromLocal("2026-03-29T01:30", "Europe/Berlin"), "2026-03-29T00:30:00Z");
  assert.deepEqual([toLocal("", "Asia/Shanghai"), fromLocal("", "Asia/Shanghai")], ["", null]);
});

test("tw10 a signature is whole numbers of a square, without steps that nobody sees, and a dot is none", () => {
  assert.deepEqual(pointOf(400, 200, 800), { x: 5000, y: 2500 });
  assert.deepEqual(pointOf(-5, 900, 800), { x: 0, y: 10_000 });
  let line: number[] = [];
  for (let x = 0; x < 100; x++) line = drawn(line, { x: x * 10, y: 50 }, line.length);
  assert.equal(line.length, 2 * 25);
  assert.ok(line.every((one) => Number.isInteger(one) && one >= 0 && one <= 10_000));
  assert.deepEqual([isSigned([]), isSigned([[1, 1]]), isSigned([line])], [false, false, true]);
});

test("tw3 only what is said again becomes a phrase, and nothing with a number does", async () => {
  const kept = new Map<string, unknown>();
  const notes = { get: (name: string) => Promise.resolve(kept.get(name) ?? null), set: (name: string, value: unknown) => (kept.set(name, value), Promise.resolve()) } as never;
  await remember(notes, "found", "老人腿脚不便。电话 13800001111");
  assert.ok(!(await phrasesFor(notes, "found")).includes("老人腿脚不便"));
  assert.ok(!JSON.stringify([...kept]).includes("老人"));
  await remember(notes, "found", "老人腿脚不便；电话 13800001111");
  assert.equal((await phrasesFor(notes, "found"))[0], "老人腿脚不便");
  assert.ok(!(await phrasesFor(notes, "found")).some((one) => one.includes("138")));
  assert.deepEqual([withPhrase("", "正常"), withPhrase("漏雨", "正常"), withPhrase("漏雨。", "正常")], ["正常", "漏雨；正常", "漏雨。正常"]);
  assert.deepEqual([phraseField("narrative"), phraseField("problems/01K9/text")], ["narrative", "problems/text"]);
});
