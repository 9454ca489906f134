// Decides how a record's writes lie in its body, and what several bodies of one record say together: `fields` holds the
// current value of each path, `stamps` its stamp (the one at "" is the creation's), `replaced` every other write.

import { byCodePoint, canonical, isList, isObject, own, text } from "./json.ts";
import type { Json } from "./json.ts";
import { isRemoval } from "./removals.ts";
import { alwaysLatest, shown } from "./rules.ts";
import type { RuleOf } from "./rules.ts";
import { stampFound } from "./stamps.ts";
import { Gone, Writes, isLive, markOf } from "./writes.ts";
import type { LiveWrite, Write } from "./writes.ts";

export type Body = { readonly [name: string]: Json };

const ENVELOPE = new Set(["type", "version", "form", "branch", "author", "device", "zone"]);
const HISTORY = new Set(["fields", "stamps", "replaced"]);
const NUMBERED = /^.*\/([0-9]{1,9})$/s;

/** What bodies say together: the envelope, the stamp of the creation ("" when unknown), and the writes. */
export class Joined {
  readonly envelope = new Map<string, Json>();
  readonly writes = new Writes();
  created = "";

  get type(): string {
    return text(this.envelope.get("type"));
  }
}

/** What all bodies of one record say together, the same in any order, grouping and number of times. Throws NotCanonical. */
export function join(bodies: Iterable<Body>, ruleOf: RuleOf = alwaysLatest): Body {
  return written(read(bodies), ruleOf);
}

/** The bodies joined; one without `fields` (another tool's) counts its own members as fields without stamps. */
export function read(bodies: Iterable<Body>): Joined {
  const joined = new Joined();
  for (const body of bodies) take(joined, body);
  joined.writes.tidy();
  return joined;
}

/** Every stamp that a body names: what a new stamp has to come after. */
export function stampsOf(body: Body): Set<string> {
  const joined = read([body]);
  const found = new Set([joined.created]);
  for (const write of joined.writes) found.add(write.stamp).add(write.by);
  found.delete("");
  return found;
}

/** The paths with more than one live value, in order. */
export function disputed(body: Body): string[] {
  const { writes } = read([body]);
  return writes.paths().filter((path) => new Set(writes.live(path).map(said)).size > 1);
}

/** The body of a record; `replaced` is ordered by path, stamp and value. */
export function written(joined: Joined, ruleOf: RuleOf): Body {
  const fields: [string, Json][] = [];
  const stamps: [string, string][] = joined.created ? [["", joined.created]] : [];
  const replaced: Json[] = [];
  for (const path of joined.writes.paths()) {
    const writes = joined.writes.at(path);
    const live = writes.filter(isLive);
    const top = live.length > 0 ? shown(ruleOf(joined.type, path), live) : null;
    if (top !== null) {
      fields.push([path, top.value]);
      if (top.stamp !== joined.created) stamps.push([path, top.stamp]);
    }
    replaced.push(...writes.filter((write) => write !== top).map(entry));
  }
  const body = [...joined.envelope, ["fields", Object.fromEntries(fields)], ["stamps", Object.fromEntries(stamps)]];
  return Object.fromEntries([...body, ["replaced", replaced]]) as Body;
}

function said(write: LiveWrite): string {
  // Two removals say the same, whatever each had known.
  return isRemoval(write) ? "removed" : canonical(write.value);
}

function entry(write: Write): Json {
  const { path, stamp, by, value } = write;
  if (!(value instanceof Gone)) return { path, stamp, by, value };
  return value.mark ? { path, stamp, by, was: value.mark } : { path, stamp, by };
}

function take(joined: Joined, body: Body): void {
  const created = text(own(own(body, "stamps"), ""));
  if (created && (!joined.created || byCodePoint(created, joined.created) < 0)) joined.created = created;
  for (const [name, value] of envelope(body)) {
    const held = joined.envelope.get(name);
    joined.envelope.set(name, held === undefined ? value : larger(name, held, value));
  }
  for (const [path, stamp, value] of fieldsOf(body, created)) {
    joined.writes.add({ path, stamp: stamp || stampFound(markOf(path, value)), value, by: "" });
  }
  const replaced = own(body, "replaced");
  for (const one of isList(replaced) ? replaced : []) {
    const [path, stamp] = [text(own(one, "path")), text(own(one, "stamp"))];
    if (!path || !stamp) continue;
    const value = own(one, "value");
    joined.writes.add({ path, stamp, value: value === undefined ? new Gone(text(own(one, "was"))) : value, by: text(own(one, "by")) });
  }
}

function* fieldsOf(body: Body, created: string): Iterable<[string, string, Json]> {
  const told = own(body, "fields");
  const stamps = own(body, "stamps");
  const outside = ([name]: [string, Json]): boolean => !ENVELOPE.has(name) && !HISTORY.has(name) && !name.startsWith("_");
  for (const [path, value] of isObject(told) ? Object.entries(told) : Object.entries(body).filter(outside)) {
    // The stamp at "" is the creation's, so no field can lie there.
    yield [path || "/", text(own(stamps, path)) || created, value];
  }
}

function envelope(body: Body): [string, Json][] {
  const ours = isObject(own(body, "fields"));
  return Object.entries(body).filter(
    ([name]) =>
      name === "_attachments" || (!name.startsWith("_") && !HISTORY.has(name) && (ours || ENVELOPE.has(name))),
  );
}

/** Of two values of one member the larger: they agree unless something went wrong, and any total order is the same everywhere. */
function larger(name: string, one: Json, other: Json): Json {
  if (name === "_attachments" && isObject(one) && isObject(other)) {
    const merged = new Map([...Object.entries(one), ...Object.entries(other)]);
    for (const shared of Object.keys(one).filter((key) => Object.hasOwn(other, key))) {
      merged.set(shared, larger("", one[shared]!, other[shared]!));
    }
    return Object.fromEntries(merged);
  }
  return compareRanks(name, other, one) > 0 ? other : one;
}

function compareRanks(name: string, one: Json, other: Json): number {
  if (typeof one === "number" || typeof other === "number") {
    // Whole numbers lie below every other kind of value.
    if (typeof one === "number" && typeof other === "number") return one - other;
    return typeof one === "number" ? -1 : 1;
  }
  return numbered(name, one) - numbered(name, other) || byCodePoint(canonical(one), canonical(other));
}

function numbered(name: string, value: Json): number {
  return name === "form" && typeof value === "string" ? Number(NUMBERED.exec(value)?.[1] ?? 0) : 0;
}
