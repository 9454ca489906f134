// Decides what an edit writes: it settles what it had seen and adds its own, on the join of all leaves that are held (MG6).

import { read, written } from "./body.ts";
import type { Body, Joined } from "./body.ts";
import { canonical } from "./json.ts";
import type { Json } from "./json.ts";
import { removalPath, removalValue } from "./removals.ts";
import { alwaysLatest } from "./rules.ts";
import type { RuleOf } from "./rules.ts";
import { Gone, keyOf } from "./writes.ts";

/** The field already has a write with this stamp: make it with `nextStamp` on the record's own stamps. */
export class StampUsed extends Error {}

/** The first body of a record; its stamp stands for all its fields. */
export function create(envelope: Body, fields: { readonly [path: string]: Json }, stamp: string): Body {
  return { ...envelope, fields, stamps: { "": stamp }, replaced: [] };
}

/**
 * Give fields new values, knowing all live writes of the leaves. null empties a field; a member of a set is a path with the
 * value true or false. A value that a field already has, undisputed, is no write.
 */
export function edit(
  leaves: Iterable<Body>,
  changes: { readonly [path: string]: Json },
  stamp: string,
  ruleOf: RuleOf = alwaysLatest,
): Body {
  const joined = read(leaves);
  for (const [path, value] of Object.entries(changes)) give(joined, path, value, stamp);
  return tidied(joined, ruleOf);
}

/** Remove one item (`problems/01K9…`), or the record (""), as far as the leaves show it. */
export function remove(
  leaves: Iterable<Body>,
  item: string,
  stamp: string,
  reason = "",
  ruleOf: RuleOf = alwaysLatest,
): Body {
  const joined = read(leaves);
  give(joined, removalPath(item), removalValue(joined.writes, item, reason), stamp);
  return tidied(joined, ruleOf);
}

/** Take back the removal of an item, or of the record. */
export function restore(leaves: Iterable<Body>, item: string, stamp: string, ruleOf: RuleOf = alwaysLatest): Body {
  return edit(leaves, { [removalPath(item)]: null }, stamp, ruleOf);
}

/** Settle a dispute: the field gets `value`, and of its live writes those whose stamps are in `saw` are settled. */
export function settle(
  leaves: Iterable<Body>,
  path: string,
  value: Json,
  stamp: string,
  saw: readonly string[],
  ruleOf: RuleOf = alwaysLatest,
): Body {
  const joined = read(leaves);
  const { writes } = joined;
  const here = writes.at(path).filter((write) => write.stamp === stamp);
  // A value that was given up since does not come back with the decision that gave it.
  const known = here.some((write) => write.value instanceof Gone || canonical(write.value) === canonical(value));
  if (!known) refuseUsed(joined, path, stamp);
  const seen = writes.live(path).filter((write) => saw.includes(write.stamp) && write.stamp !== stamp);
  writes.settle(path, stamp, new Set(seen.map(keyOf)));
  writes.add({ path, stamp, value, by: "" });
  return tidied(joined, ruleOf);
}

function give(joined: Joined, path: string, value: Json, stamp: string): void {
  const { writes } = joined;
  const live = writes.live(path);
  if (live.length === 1 && canonical(live[0]!.value) === canonical(value)) return;
  refuseUsed(joined, path, stamp);
  writes.settle(path, stamp, new Set(writes.at(path).map(keyOf)));
  writes.add({ path, stamp, value, by: "" });
}

function refuseUsed(joined: Joined, path: string, stamp: string): void {
  if (joined.writes.at(path).some((write) => write.stamp === stamp)) {
    throw new StampUsed(`${path} already has a write stamped ${stamp}`);
  }
}

function tidied(joined: Joined, ruleOf: RuleOf): Body {
  joined.writes.tidy();
  return written(joined, ruleOf);
}
