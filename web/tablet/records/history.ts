// Decides what is told of a record's past: which values were replaced, by whom and when, and which still stand against each other.

import { disputed, read } from "../../shared/records/body.ts";
import type { Body } from "../../shared/records/body.ts";
import type { Json } from "../../shared/records/json.ts";
import { parseStamp } from "../../shared/records/stamps.ts";
import { Gone } from "../../shared/records/writes.ts";
import type { Write } from "../../shared/records/writes.ts";

/** One edit of one field. `null`: empty; `Gone`: the value is no longer kept. */
export interface Change {
  path: string;
  before: Json | Gone;
  after: Json | Gone;
  /** Who changed it, by their id, and when (ms); "" and 0 where nobody noted it. */
  by: string;
  at: number;
}

/** A value that stands beside another one, with whose it is. */
export interface Standing {
  value: Json;
  by: string;
  at: number;
}

/** The changes since a record was made, the newest first. */
export function changesOf(body: Body): Change[] {
  const { writes } = read([body]);
  const changes: Change[] = [];
  for (const path of writes.paths()) {
    const all = writes.at(path);
    for (const edit of all.filter((one) => all.some((other) => other.by === one.stamp))) {
      const replaced = all.filter((one) => one.by === edit.stamp);
      changes.push({ path, before: valueOf(replaced.at(-1)), after: edit.value, ...whose(edit.stamp) });
    }
    for (const edit of all.filter((one) => isLater(one.stamp, body) && !all.some((other) => other.by === one.stamp))) {
      changes.push({ path, before: null, after: edit.value, ...whose(edit.stamp) });
    }
  }
  return changes.sort((one, other) => other.at - one.at || (one.path < other.path ? -1 : 1));
}

/** The fields with several values, each with all of them. */
export function disputesOf(body: Body): Map<string, Standing[]> {
  const { writes } = read([body]);
  return new Map(disputed(body).map((path) => [path, writes.live(path).map((one) => ({ value: one.value, ...whose(one.stamp) }))]));
}

/** Who made a record, and when. */
export function madeBy(body: Body): { by: string; at: number } {
  return whose(read([body]).created);
}

function isLater(stamp: string, body: Body): boolean {
  return stamp !== read([body]).created && parseStamp(stamp) !== null;
}

function valueOf(write: Write | undefined): Json | Gone {
  return write === undefined ? null : write.value;
}

function whose(stamp: string): { by: string; at: number } {
  const parsed = parseStamp(stamp);
  return parsed === null || parsed.member === "0" ? { by: "", at: 0 } : { by: parsed.member, at: parsed.ms };
}
