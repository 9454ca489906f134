// Answers the cases on standard input, one JSON object a line, as this code decides them: the tests compare the answers with
// the server's. Cases: {leaves, rules} joins; with `changes` and `stamp` it edits. An error is answered by its name.

import { createInterface } from "node:readline";

import { join } from "./records/body.ts";
import { edit } from "./records/edit.ts";
import { canonical } from "./records/json.ts";
import type { RuleOf } from "./records/rules.ts";

for await (const line of createInterface({ input: process.stdin })) {
  const { leaves, rules, changes, stamp } = JSON.parse(line);
  const ruleOf: RuleOf = (_type, path) => rules[path.split("/")[0]!] ?? "latest";
  try {
    console.log(canonical(changes ? edit(leaves, changes, stamp, ruleOf) : join(leaves, ruleOf)));
  } catch (error) {
    console.log((error as Error).constructor.name);
  }
}
