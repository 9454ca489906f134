// What recording for a joint survey computes: what was announced, whom a branch speaks for, and that a record's findings follow for whom they speak.

import assert from "node:assert/strict";
import { test } from "node:test";

import { create, edit, remove } from "./records/edit.ts";
import type { Json } from "./records/json.ts";
import { isUnderWay, jointOf, saidIn } from "./records/joint.ts";
import { OURSELVES, speaksFor, withSpeaker } from "./write/behalf.ts";
import { faultsOf, GIVEN_BY, mayFinish } from "./write/faults.ts";
import { joined, withValue } from "./write/values.ts";
import type { Values } from "./write/values.ts";
import type { Around } from "./write/around.ts";
import type { Draft } from "./write/draft.ts";
import { writingOf } from "./write/writing.ts";
import type { Writing } from "./write/writing.ts";

type Fields = { [path: string]: Json };
const STAMP = "001795000000000.0000-t1-m1-aaaa";
const LATER = "001795000060000.0000-t1-m1-bbbb";
const envelope = { type: "case", version: 1, branch: "b03", author: "m1", device: "t1", zone: "Asia/Shanghai" };
const POWER = "outside:01K9AAAA";
const announced: Fields = {
  subject: "site:1",
  matter: "餐饮店联合踏勘",
  "parties/b04": true,
  "outside/01K9AAAA/name": "供电所",
  "outside/01K9AAAA/contact": "王工",
  "outside/01K9BBBB/name": "燃气公司",
  "checklist/fire/text": "消防",
  "checklist/layout/text": "布局",
  "needs/01K9CCCC/text": "平面图",
  announced: "2026-11-19T01:00:00Z",
  limit: "2026-11-29T01:00:00Z",
};
const made = create(envelope, announced, STAMP);

test("tw14 a case tells what was announced: the lead is a party unless it says no, and what was removed is not told", () => {
  const joint = jointOf("case:1", made);
  assert.deepEqual([joint.branch, joint.branches, joint.needs, joint.matter], ["b03", ["b03", "b04"], ["平面图"], "餐饮店联合踏勘"]);
  assert.deepEqual(joint.outside, [{ party: POWER, name: "供电所" }, { party: "outside:01K9BBBB", name: "燃气公司" }]);
  assert.deepEqual(joint.checklist, [{ code: "fire", text: "消防" }, { code: "layout", text: "布局" }]);
  const fewer = jointOf("case:1", remove([edit([made], { "parties/b03": false }, LATER)], "outside/01K9AAAA", "001795000070000.0000-t1-m1-cccc"));
  assert.deepEqual([fewer.branches, fewer.outside.map((one) => one.name)], [["b04"], ["燃气公司"]]);
  assert.deepEqual(jointOf("case:1", { type: "case" }).branches, []);
});

test("tw18 a case waits from its announcement until its conclusion", () => {
  const after = (changes: Fields): boolean => isUnderWay(jointOf("case:1", edit([made], changes, LATER)));
  assert.ok(isUnderWay(jointOf("case:1", made)));
  assert.ok(!after({ announced: null }) && !after({ issued: "2026-11-20T00:00:00Z" }));
  assert.ok(!isUnderWay(jointOf("case:1", remove([made], "", LATER))));
});

const SPEAKS = { party: POWER, givenBy: " 王工 " };
const found: Values = { "findings/fire/finding": "pass", "findings/fire/text": "已换", subject: "site:1" };

test("tw15 every finding speaks for whom was chosen once; those that are emptied do not, and chosen back nothing is left of it", () => {
  const typed = withSpeaker({}, found, SPEAKS);
  assert.deepEqual(saidIn(typed), [{ item: "fire", party: POWER, given: true }]);
  assert.equal(typed["findings/fire/given_by"], "王工");
  const more = withSpeaker({}, withValue({}, typed, "findings/layout/finding", "fail"), SPEAKS);
  assert.equal(more["findings/layout/party"], POWER);
  const emptied = withSpeaker({}, withValue({}, more, "findings/fire/finding", null), SPEAKS);
  assert.deepEqual(Object.keys(joined({}, emptied)).sort(), ["findings/fire/text", "findings/layout/finding", "findings/layout/given_by", "findings/layout/party", "subject"]);
  const other = withSpeaker({}, more, { party: "outside:01K9BBBB", givenBy: "" });
  assert.deepEqual(speaksFor(joined({}, other)), { party: "outside:01K9BBBB", givenBy: "" });
  assert.deepEqual(joined({}, withSpeaker({}, more, OURSELVES)), joined({}, { ...found, "findings/layout/finding": "fail" }));
});

test("tw15 of a record that is changed only what differs is written, and a window that a form names is left", () => {
  const base = joined({}, withSpeaker({}, found, SPEAKS));
  assert.deepEqual(speaksFor(base), { party: POWER, givenBy: "王工" });
  assert.deepEqual(withSpeaker(base, {}, speaksFor(base)!), {});
  assert.deepEqual(withSpeaker(base, {}, OURSELVES), { "findings/fire/party": null, "findings/fire/given_by": null });
  const window = { ...found, "findings/fire/party": "window:w01" };
  assert.deepEqual(withSpeaker({}, window, OURSELVES), window);
  assert.deepEqual(speaksFor(window), OURSELVES);
});

test("tw15 a record whose findings speak for several, or came from several, is left as it is", () => {
  const two = { ...withSpeaker({}, found, SPEAKS), "findings/layout/finding": "pass" };
  assert.equal(speaksFor(two), null);
  assert.equal(speaksFor({ ...two, "findings/layout/party": POWER, "findings/layout/given_by": "李工" }), null);
  assert.equal(speaksFor({}), OURSELVES);
});

test("tw15 a record for another party is not finished before it says who gave the findings", () => {
  const form = { fields: { items: [{ path: "found", kind: "text", label: { zh: "情况", en: "What" } }] } } as unknown as Values;
  const [fault] = faultsOf(form, found, { party: POWER, givenBy: " " });
  assert.equal(fault!.field, GIVEN_BY);
  assert.ok(!mayFinish([fault!]));
  assert.deepEqual([...faultsOf(form, found, SPEAKS), ...faultsOf(form, found, OURSELVES), ...faultsOf(form, found, null)], []);
});

async function writing(type: string, values: Fields, branch = "b03"): Promise<Writing> {
  const held: Draft = { id: `${type}:1`, type, db: "branch-b03", form: "", edits: false, values, alsoFor: [], photos: [], photosGone: [], placeless: false, step: 0, at: 0 };
  const around = { member: "m1", branch, joint: async (id: string) => (id === "case:1" ? jointOf(id, made) : null) } as unknown as Around;
  const keeper = { saving: { state: "saved" as const, at: 0 }, later: () => undefined, now: async () => undefined, end: async () => undefined, leave: () => undefined };
  const begun = writingOf({ around, held, base: {}, author: "m1", known: () => [], returned: null, keeper });
  await settled();
  return begun;
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("tw14 a survey takes from its case what it is about where nothing was said, and gives back that its branch reads it", async () => {
  const one = await writing("survey", { matter: "复查" });
  one.set("case", "case:1");
  await settled();
  assert.deepEqual(one.draft.value.values, { case: "case:1", matter: "复查", subject: "site:1", "parties/b03": true });
  assert.deepEqual(one.form.value.items.map((item) => item.path).filter((path) => path.startsWith("findings/")), ["findings/fire/finding", "findings/layout/finding"]);
  one.set("case", null);
  await settled();
  assert.deepEqual(joined({}, one.draft.value.values), { matter: "复查", subject: "site:1" });
  const visit = await writing("visit", {});
  visit.set("case", "case:1");
  await settled();
  assert.deepEqual(visit.draft.value.values, { case: "case:1" });
});

test("tw15 for whom is asked where one's branch leads, of a survey, and another case has other parties", async () => {
  assert.ok((await writing("survey", { case: "case:1" })).mayChooseSpeaker.value);
  for (const [type, branch, of] of [["survey", "b04", "case:1"], ["visit", "b03", "case:1"], ["survey", "b03", "case:2"]]) {
    assert.ok(!(await writing(type!, { case: of! }, branch)).mayChooseSpeaker.value, `${type} ${branch} ${of}`);
  }
  const one = await writing("survey", { case: "case:1" });
  one.speakFor(SPEAKS);
  one.set("findings/fire/finding", "pass");
  assert.equal(one.values.value["findings/fire/party"], POWER);
  assert.deepEqual(one.draft.value.speaks, SPEAKS);
  one.set("case", "case:2");
  await settled();
  assert.deepEqual([one.speaks.value, one.values.value["findings/fire/party"], one.caseMissing.value], [OURSELVES, undefined, true]);
});
