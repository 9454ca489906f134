// What the reading screens compute: searching, what a record says and how it came to it, one's month, the branch's figures.

import assert from "node:assert/strict";
import { test } from "node:test";

import { create, edit } from "../../shared/records/edit.ts";
import { join } from "../../shared/records/body.ts";
import type { Json } from "../../shared/records/json.ts";
import { cardOf } from "./cards.ts";
import type { Card } from "../../shared/records/card.ts";
import { figuresOf } from "./figures.ts";
import { found, metres, ordered } from "./finding.ts";
import { changesOf, disputesOf, madeBy } from "./history.ts";
import { byDay, fits, needsCards } from "./listing.ts";
import { bars, boundsOf, monthAfter, ownFigures, ownOf } from "./month.ts";
import { evictingBrowser, isAlmostFull, sizeWords } from "./keeping.ts";
import { tell } from "../../shared/records/telling.ts";

type Fields = { [path: string]: Json };
const STAMP = "001795000000000.0000-t1-m1-aaaa";
const LATER = "001795000060000.0000-t2-m2-bbbb";
const envelope = { type: "visit", version: 2, branch: "b03", author: "m1", device: "t1", zone: "Asia/Shanghai" };

function subject(id: string, fields: Fields): Card {
  return cardOf(id, "branch-b03", { ...envelope, type: "subject", fields, stamps: { "": STAMP }, replaced: [] }, 1);
}

function visit(id: string, fields: Fields, type = "visit"): Card {
  return cardOf(id, "branch-b03", { ...envelope, type, fields, stamps: { "": STAMP }, replaced: [] }, 1);
}

const zhang = subject("household:1", { name: "张伟户", address: "清河路 12 号", kind: "household", place: [300000000, 1100000000, 5] });
const li = subject("enterprise:2", { name: "立新机电", address: "工业园", kind: "enterprise", place: [301000000, 1100000000, 5] });
const wang = subject("resident:3", { name: "王芳", address: "清河路 8 号", kind: "resident" });

test("a subject is found by name, initials and address, each word of what was typed", () => {
  const all = [zhang, li, wang];
  assert.deepEqual(found(all, "张伟"), [zhang]);
  assert.deepEqual(found(all, "zw"), [zhang]);
  assert.deepEqual(found(all, "WF"), [wang]);
  assert.deepEqual(found(all, "清河"), [zhang, wang]);
  assert.deepEqual(found(all, "清河 wf"), [wang]);
  assert.deepEqual(found(all, "", "enterprise"), [li]);
});

test("the nearest come first, those without a place last; without a place asked for, the linked ones", () => {
  const here = { latitude: 30.1, longitude: 110 };
  assert.deepEqual(ordered([zhang, wang, li], new Set(), here), [li, zhang, wang]);
  assert.deepEqual(ordered([wang, li, zhang], new Set(["resident:3"]), null).map((one) => one.id)[0], "resident:3");
  assert.ok(Math.abs(metres(zhang, here)! - 11_120) < 50);
  assert.equal(metres(wang, here), null);
});

const form = {
  fields: {
    items: [
      { path: "kind", kind: "choice", label: { zh: "类型", en: "Kind" }, options: [{ value: "assist", label: { zh: "帮扶", en: "help" } }] },
      { path: "participants", kind: "set", label: { zh: "参加人", en: "Participants" } },
      { path: "findings/safety/finding", kind: "choice", label: { zh: "消防", en: "Safety" }, options: [{ value: "pass", label: { zh: "合格", en: "pass" } }] },
      { path: "talked", kind: "text", label: { zh: "聊了", en: "Talked" } },
      { path: "problems", kind: "items", label: { zh: "问题", en: "Problems" }, items: [{ path: "text", kind: "text", label: { zh: "内容", en: "What" } }] },
    ],
  },
};

test("a record is told in the order of its form, then what the form does not ask", () => {
  const fields: Fields = { narrative: "后来", talked: "收成", kind: "assist", "participants/m2": true, "participants/m1": true, "participants/m3": false, "problems/01A/text": "漏雨", "problems/01A/due": "2026-12-01" };
  const [own, problem] = tell("visit", form, fields);
  assert.deepEqual(own!.lines.map((one) => one.label[0]), ["类型", "参加人", "聊了", "情况记录"]);
  assert.deepEqual(own!.lines[0]!.options["assist"], ["帮扶", "help"]);
  assert.deepEqual(own!.lines[1]!.value, ["m2", "m1"]);
  assert.deepEqual(problem!.lines.map((one) => one.label[0]), ["内容", "办理期限"]);
});

test("what stands beside an item of the checklist is called after it, and what was withdrawn is not told", () => {
  const [own] = tell("survey", form, { "findings/safety/finding": "pass", "findings/safety/text": "已更换", "needs/01B/text": "x", "needs/01B/withdrawn": { over: [] } });
  assert.deepEqual(own!.lines.map((one) => one.label[0]), ["消防", "消防 · 说明"]);
  assert.equal(tell("survey", form, { "needs/01B/text": "x", "needs/01B/withdrawn": { over: [] } }).length, 1);
});

test("without a form a record is told by the labels of its type", () => {
  assert.deepEqual(tell("visit", null, { talked: "收成" })[0]!.lines[0]!.label, ["谈了什么", "What was talked over"]);
});

test("who changed what is told, the newest first, and two values side by side are a dispute", () => {
  const made = create(envelope, { talked: "一", found: "a" }, STAMP);
  const changed = edit([made], { talked: "二", outcome: "好" }, LATER);
  assert.deepEqual(madeBy(changed), { by: "m1", at: 1795000000000 });
  assert.deepEqual(changesOf(changed), [
    { path: "outcome", before: null, after: "好", by: "m2", at: 1795000060000 },
    { path: "talked", before: "一", after: "二", by: "m2", at: 1795000060000 },
  ]);
  const other = edit([made], { talked: "三" }, "001795000070000.0000-t3-m3-cccc");
  const disputes = disputesOf(join([changed, other]));
  assert.deepEqual([...disputes.keys()], ["talked"]);
  assert.deepEqual(disputes.get("talked")!.map((one) => [one.value, one.by]), [["二", "m2"], ["三", "m3"]]);
});

test("one's month: a happening counts once, overlapping time too, and each figure opens to its records", () => {
  const one = visit("visit:1", { subject: "household:1", period: ["2026-11-05T01:00:00Z", "2026-11-05T02:00:00Z"], "participants/m1": true, "participants/m2": true });
  const same = { ...visit("visit:2", { subject: "household:1", period: ["2026-11-05T01:30:00Z", "2026-11-05T02:30:00Z"], "participants/m1": true }), author: "m2" };
  const theirs = { ...visit("visit:3", { period: ["2026-11-05T01:30:00Z", null], "participants/m2": true }), author: "m2" };
  const mine = ownOf([one, same, theirs, { ...one, id: "visit:4", removed: true }], "m1");
  assert.deepEqual(mine.map((card) => card.id), ["visit:1", "visit:2"]);
  const activity = { ...visit("activity:visit:1", {}, "activity"), records: ["visit:1", "visit:2"] };
  const rating = { ...visit("rating:1", { record: "visit:2", score: 5 }, "rating") };
  const figures = new Map(ownFigures(mine, [activity], [rating]).map((figure) => [figure.code, figure]));
  assert.deepEqual(figures.get("visits"), { code: "visits", value: 1, records: ["visit:1", "visit:2"] });
  assert.equal(figures.get("hours")!.value, 1.5);
  assert.equal(figures.get("person_times")!.value, 2);
  assert.equal(figures.get("subjects")!.value, 1);
  assert.deepEqual([figures.get("ratings")!.value, figures.get("good")!.value], [1, 1]);
  assert.deepEqual(bars(mine, "2026-11", (at) => at.slice(0, 10))[4], { day: "2026-11-05", count: 2 });
});

test("months follow each other, and a month's bounds hold it in any zone", () => {
  assert.equal(monthAfter("2026-12", 1), "2027-01");
  assert.equal(monthAfter("2026-01", -1), "2025-12");
  assert.deepEqual(boundsOf("2026-11"), ["2026-10-31T00:00:00Z", "2026-12-02T00:00:00Z"]);
});

test("a branch's figures bear the server's names, and quotients come from what is counted", () => {
  const figures = figuresOf({ "figures/visits": 12, "figures/person_minutes": 615, "figures/ratings": 3, "figures/good_ratings": 2, "figures/nobody_knows": 7 });
  assert.deepEqual(figures.map((one) => [one.code, one.value]).filter(([code]) => code !== "person_minutes"), [
    ["visits", 12],
    ["person_hours", 10.3],
    ["ratings", 3],
    ["good_ratings", 2],
    ["good_share", 66.67],
  ]);
  assert.equal(figures[0]!.info.zh, "走访");
});

test("records stand under their days, and are chosen by state, by whose they are, and by the name they are about", () => {
  const heads = [{ id: "visit:2", type: "visit", at: "2026-11-06T01:00:00Z" }, { id: "visit:1", type: "visit", at: "2026-11-05T01:00:00Z" }, { id: "visit:0", type: "visit", at: "2026-11-05T00:00:00Z" }];
  assert.deepEqual(byDay(heads, (at) => at.slice(0, 10)).map((row) => ("day" in row ? row.day : row.id)), ["2026-11-06", "visit:2", "2026-11-05", "visit:1", "visit:0"]);
  const card = { ...visit("visit:1", { subject: "household:1", "participants/m2": true }), state: "returned" };
  const nothing = { type: "", state: "", mine: false, typed: "" };
  const fit = (asked: Partial<typeof nothing>, member = "m1"): boolean => fits(card, { ...nothing, ...asked }, member, () => "张伟户");
  assert.ok(!needsCards(nothing) && needsCards({ ...nothing, typed: "张" }));
  assert.ok(fit({ state: "correct" }) && !fit({ state: "reviewed" }));
  assert.ok(fit({ mine: true }) && fit({ mine: true }, "m2") && !fit({ mine: true }, "m3"));
  assert.ok(fit({ typed: "张伟" }) && fit({ typed: "zw" }) && !fit({ typed: "李" }));
});

test("tl12 a tablet is in danger with less than 200 MB or a tenth left, and in browsers known to clear what they hold", () => {
  assert.ok(isAlmostFull(10_000_000_000, 9_100_000_000) && isAlmostFull(1_000_000_000, 850_000_000));
  assert.ok(!isAlmostFull(10_000_000_000, 8_000_000_000) && !isAlmostFull(0, 0));
  assert.equal(evictingBrowser("Mozilla/5.0 (Linux; Android 13) MicroMessenger/8.0.40")!.zh, "微信内置浏览器");
  assert.equal(evictingBrowser("Mozilla/5.0 (Linux; U; Android 12) XiaoMi/MiuiBrowser/17.2")!.en, "Mi Browser");
  assert.equal(evictingBrowser("Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"), null);
  assert.deepEqual([sizeWords(1), sizeWords(2_800_000), sizeWords(10_700_000_000)], ["1 KB", "2.8 MB", "10.7 GB"]);
});
