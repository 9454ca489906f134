// Decides what a draft holds: the values of a new record, or only what differs from the record that is being changed.

import { canonical, isList, NotCanonical } from "../records/json.ts";
import type { Json } from "../records/json.ts";

export type Values = { readonly [path: string]: Json };

/** Lists of a record in which each who took part may add what is their own. */
const OWN_LISTS = new Set(["problems", "follow_ups", "findings", "stages"]);

/** What the record will say: what it says now and, over it, what was typed. An emptied field is not there. */
export function joined(base: Values, typed: Values): Values {
  return Object.fromEntries(Object.entries({ ...base, ...typed }).filter(([, value]) => value !== null));
}

/** What was typed, with one value more. "" and an empty list empty the field; what the record says already is no change. */
export function withValue(base: Values, typed: Values, path: string, value: Json): Values {
  const given = value === "" || (isList(value) && value.length === 0) ? null : value;
  const { [path]: _before, ...next } = typed;
  const held = base[path] ?? null;
  return same(held, given) ? next : { ...next, [path]: given };
}

/** What was typed without an item (`problems/01K9…`); an item of the record itself is marked as withdrawn. */
export function withoutItem(base: Values, typed: Values, item: string): Values {
  const head = `${item}/`;
  const rest = Object.fromEntries(Object.entries(typed).filter(([path]) => !path.startsWith(head)));
  return Object.keys(base).some((path) => path.startsWith(head)) ? { ...rest, [`${item}/withdrawn`]: { over: [] } } : rest;
}

/** The ids of a list's items in the order in which they were made. */
export function itemIds(values: Values, list: string): string[] {
  const head = `${list}/`;
  const ids = new Set(Object.keys(values).filter((path) => path.startsWith(head)).map((path) => path.slice(head.length).split("/")[0]!));
  return [...ids].filter((id) => (values[`${head}${id}/withdrawn`] ?? null) === null).sort();
}

/** The members of a set. */
export function setOf(values: Values, set: string): string[] {
  const head = `${set}/`;
  return Object.keys(values).filter((path) => path.startsWith(head) && values[path] === true).map((path) => path.slice(head.length));
}

/** Whether `member` may change a field of a record: everything of their own, and their own part of one in which they took part. */
export function mayChange(author: string, base: Values, member: string, path: string): boolean {
  if (author === member) return true;
  if (base[`participants/${member}`] !== true) return false;
  return OWN_LISTS.has(path.split("/")[0]!) || path === `parts/${member}/text` || path === `participants/${member}`;
}

function same(one: Json, other: Json): boolean {
  try {
    return canonical(one) === canonical(other);
  } catch (error) {
    // A number that a form does not take is kept as it was typed.
    if (error instanceof NotCanonical) return false;
    throw error;
  }
}
