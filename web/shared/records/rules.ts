// Decides which of the live writes of a field shows; what does not show is kept all the same.

import { byCodePoint, canonical } from "./json.ts";
import type { Json } from "./json.ts";
import { isUnstamped } from "./stamps.ts";
import type { LiveWrite } from "./writes.ts";

export type Rule = "latest" | "largest" | "smallest" | "set" | "once" | "removal";

/** From a record's type and a field's path to the field's rule. */
export type RuleOf = (type: string, path: string) => Rule;

export const alwaysLatest: RuleOf = () => "latest";

/** The one of the live writes of a path (at least one) that is the field's current value. */
export function shown(rule: Rule, live: readonly LiveWrite[]): LiveWrite {
  if (live.length === 1) return live[0]!;
  if (rule === "once") {
    // A stamp given afterwards has no time of its own, and must not pass for the earliest.
    return least(live, (one, other) => Number(isUnstamped(one.stamp)) - Number(isUnstamped(other.stamp)) || order(one, other));
  }
  if (rule === "set") {
    return most(live, (one, other) => Number(one.value === true) - Number(other.value === true) || order(one, other));
  }
  if (rule === "largest") return most(live, (one, other) => bySize(one.value, other.value) || order(one, other));
  if (rule === "smallest") {
    const filled = live.filter((one) => one.value !== null);
    const among = filled.length > 0 ? filled : live;
    const first = least(among, (one, other) => bySize(one.value, other.value));
    return most(among.filter((one) => bySize(one.value, first.value) === 0), order);
  }
  return most(live, order);
}

type Compare = (one: LiveWrite, other: LiveWrite) => number;

function most(live: readonly LiveWrite[], compare: Compare): LiveWrite {
  return live.reduce((best, one) => (compare(one, best) > 0 ? one : best));
}

function least(live: readonly LiveWrite[], compare: Compare): LiveWrite {
  return live.reduce((best, one) => (compare(one, best) < 0 ? one : best));
}

function order(one: LiveWrite, other: LiveWrite): number {
  return byCodePoint(one.stamp, other.stamp) || byCodePoint(canonical(one.value), canonical(other.value));
}

/** Empty, then numbers, then texts by code point, then anything else by its canonical form. */
function bySize(one: Json, other: Json): number {
  const [left, right] = [sort(one), sort(other)];
  if (left !== right) return left - right;
  if (left === 1) return Number(one) - Number(other);
  if (left === 2) return byCodePoint(one as string, other as string);
  return left === 0 ? 0 : byCodePoint(canonical(one), canonical(other));
}

function sort(value: Json): number {
  if (value === null) return 0;
  if (typeof value === "number" || typeof value === "boolean") return 1;
  return typeof value === "string" ? 2 : 3;
}
