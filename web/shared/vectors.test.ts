// The vectors that the server and the tablets share say what this code does: tests/vectors of the repository.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { checkForm, visible } from "./forms/form.ts";
import { seenHash } from "./records/approval.ts";
import { disputed, join, read } from "./records/body.ts";
import type { Body } from "./records/body.ts";
import { edit, remove, restore, settle } from "./records/edit.ts";
import { awaited, jointOf, saidIn } from "./records/joint.ts";
import { canonical } from "./records/json.ts";
import { removal } from "./records/removals.ts";
import type { RuleOf } from "./records/rules.ts";
import { nextStamp } from "./records/stamps.ts";

// Vectors are data: their shapes are what the tests below take from them.
type Vector = any; // eslint-disable-line

const shared = new URL("../../tests/vectors/", import.meta.url);
const vectors = (file: string): Vector => JSON.parse(readFileSync(new URL(file, shared), "utf8"));
const merge = vectors("merge.json");

function ruleOf(vector: Vector): RuleOf {
  return (_type, path) => vector.rules[path.split("/")[0]!] ?? "latest";
}

for (const vector of merge.canonical) {
  test(`mg28 canonical: ${vector.text.slice(0, 40)}`, () => assert.equal(canonical(vector.value), vector.text));
}

for (const vector of merge.stamps) {
  test(`mg2 a new stamp: ${vector.name}`, () => {
    const { clock_ms, own_last, seen, device, member, random } = vector;
    assert.equal(nextStamp(clock_ms, own_last, seen, device, member, random), vector.expect);
  });
}

for (const vector of merge.joins) {
  test(`mg9 a join, in every order: ${vector.name}`, () => {
    for (const leaves of permutations<Body>(vector.leaves)) {
      const body = join(leaves, ruleOf(vector));
      const told = { body, disputed: disputed(body), removed: removal(read([body]).writes).inForce };
      assert.equal(canonical(told), canonical(vector.expect));
    }
  });
}

for (const vector of merge.edits) {
  test(`mg6 an edit: ${vector.name}`, () => {
    assert.equal(canonical(edited(vector)), canonical(vector.expect));
  });
}

for (const vector of merge.approvals) {
  test(`mg27 an approval is bound to what was seen: ${vector.name}`, () => {
    assert.equal(seenHash(vector.body, vector.photos), vector.expect);
  });
}

for (const vector of vectors("forms.json")) {
  test(vector.name, () => {
    assert.deepEqual(visible(vector.form, vector.values), vector.visible);
    const found = checkForm(vector.form, vector.values).map((one) => [one.field, one.code]);
    assert.deepEqual(found, vector.problems);
  });
}

for (const vector of vectors("joint.json")) {
  test(`tw18 whom a case waits for: ${vector.name}`, () => {
    const heard = (vector.surveys as Vector[]).map(({ branch, standing, vouched, fields }) => ({ branch, counts: standing === "counted", vouched, findings: saidIn(fields) }));
    for (const [branch, wanted] of Object.entries(vector.awaited)) assert.deepEqual(awaited(jointOf("case:1", vector.case), heard, branch), wanted, branch);
  });
}

function edited(vector: Vector): Body {
  const { leaves, stamp } = vector;
  switch (vector.do) {
    case "edit":
      return edit(leaves, vector.changes, stamp, ruleOf(vector));
    case "settle":
      return settle(leaves, vector.path, vector.value, stamp, vector.saw, ruleOf(vector));
    case "remove":
      return remove(leaves, vector.item, stamp, vector.reason, ruleOf(vector));
    case "restore":
      return restore(leaves, vector.item, stamp, ruleOf(vector));
    default:
      throw new Error(`no such edit: ${vector.do}`);
  }
}

function* permutations<T>(all: readonly T[]): Iterable<T[]> {
  if (all.length === 0) yield [];
  for (const [at, one] of all.entries()) {
    for (const rest of permutations([...all.slice(0, at), ...all.slice(at + 1)])) yield [one, ...rest];
  }
}
