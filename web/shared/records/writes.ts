// Decides what a record holds: for each field a set of writes that only grows, joined by union. No rule of a field, clock or
// order of arrival takes part here.

import { byCodePoint, canonical, hashed } from "./json.ts";
import type { Json } from "./json.ts";
import { isFound } from "./stamps.ts";

/** So many settled writes of a path, those with the largest stamps, keep their values. */
const SETTLED_KEPT_MAX = 8;
const REDACTED = "\0";

/** Stands for a value no longer held: `mark` still tells it from other values; "" when it was redacted. */
export class Gone {
  readonly mark: string;
  constructor(mark: string) {
    this.mark = mark;
  }
}

/** One value that someone gave a field. `by` is "" while it is live, else the stamp of an edit that had seen it. */
export interface Write {
  readonly path: string;
  readonly stamp: string;
  readonly value: Json | Gone;
  readonly by: string;
}

export type LiveWrite = Write & { readonly value: Json };

export function isLive(write: Write): write is LiveWrite {
  return write.by === "" && !(write.value instanceof Gone);
}

/** A short hash that tells the values of a path apart. */
export function markOf(path: string, value: Json): string {
  return hashed(canonical([path, value])).slice(0, 16);
}

/** What makes a write of a path the same write: its stamp and its value. No JSON text begins with a NUL. */
export function keyOf(write: Write): string {
  return key(write.stamp, write.value instanceof Gone ? `\0${write.value.mark}` : canonical(write.value));
}

/** The writes of one record. `add` as many as there are, then `tidy`. */
export class Writes {
  readonly byPath = new Map<string, Map<string, Write>>();

  /** Every path, in order. */
  paths(): string[] {
    return [...this.byPath.keys()].sort(byCodePoint);
  }

  *[Symbol.iterator](): Iterator<Write> {
    for (const path of this.paths()) yield* this.at(path);
  }

  /** Take in one write; of two `by` for one write the smallest that is not empty stays. */
  add(write: Write): void {
    let at = this.byPath.get(write.path);
    if (at === undefined) this.byPath.set(write.path, (at = new Map()));
    put(at, keyOf(write), write);
  }

  /** The writes of a path, ordered by stamp and value. */
  at(path: string): Write[] {
    const at = this.byPath.get(path) ?? new Map<string, Write>();
    return [...at.entries()].sort(([one], [other]) => byKey(one, other)).map(([, write]) => write);
  }

  live(path: string): LiveWrite[] {
    return this.at(path).filter(isLive);
  }

  /** Mark those writes of a path that are among `seen` and not settled yet as seen by the edit with the stamp `by`. */
  settle(path: string, by: string, seen: ReadonlySet<string>): void {
    for (const write of this.at(path)) if (write.by === "" && seen.has(keyOf(write))) this.add({ ...write, by });
  }

  /** Bring every path to its normal form: the same whether before a union or after it. */
  tidy(): void {
    for (const [path, at] of this.byPath) {
      if (at.size > 1) this.byPath.set(path, pruned(path, toldOnce(withoutGone(path, at))));
    }
  }
}

const BETWEEN = "\u0001";

function key(stamp: string, mark: string): string {
  return `${stamp}${BETWEEN}${mark}`;
}

function parts(of: string): [string, string] {
  // A canonical text holds no control character, nor does a mark but at its front; so the last one is between the two.
  const at = of.lastIndexOf(BETWEEN);
  return [of.slice(0, at), of.slice(at + 1)];
}

function byKey(one: string, other: string): number {
  const [left, right] = [parts(one), parts(other)];
  return byCodePoint(left[0], right[0]) || byCodePoint(left[1], right[1]);
}

function markOfWrite(write: Write): string {
  return write.value instanceof Gone ? write.value.mark : markOf(write.path, write.value);
}

function put(at: Map<string, Write>, name: string, write: Write): void {
  const held = at.get(name);
  if (held === undefined) at.set(name, write);
  else if (write.by !== "" && write.by !== held.by) {
    const first = held.by === "" || byCodePoint(write.by, held.by) < 0 ? write.by : held.by;
    at.set(name, { ...held, by: first });
  }
}

/** A value given up in one copy is given up in all: by a redacted stamp all values under it, by a pruned one that one. */
function withoutGone(path: string, at: Map<string, Write>): Map<string, Write> {
  const gone = new Set([...at.keys()].filter((one) => parts(one)[1].startsWith("\0")));
  if (gone.size === 0) return at;
  const kept = new Map<string, Write>();
  for (let [name, write] of at) {
    if (gone.has(key(write.stamp, REDACTED))) {
      name = key(write.stamp, REDACTED);
      write = { ...write, value: new Gone("") };
    } else if (!(write.value instanceof Gone)) {
      const hidden = markOf(path, write.value);
      if (gone.has(key(write.stamp, `\0${hidden}`))) {
        name = key(write.stamp, `\0${hidden}`);
        write = { ...write, value: new Gone(hidden) };
      }
    }
    put(kept, name, write);
  }
  return kept;
}

/** A value found without a stamp is no write where the path has it under a stamp, or had one that was redacted. */
function toldOnce(at: Map<string, Write>): Map<string, Write> {
  const writes = [...at];
  if (!writes.some(([, write]) => isFound(write.stamp))) return at;
  if (writes.some(([name]) => parts(name)[1] === REDACTED)) {
    return new Map(writes.filter(([name, write]) => parts(name)[1] === REDACTED || !isFound(write.stamp)));
  }
  const known = new Set(writes.filter(([, write]) => !isFound(write.stamp)).map(([, write]) => markOfWrite(write)));
  return new Map(writes.filter(([, write]) => !(isFound(write.stamp) && known.has(markOfWrite(write)))));
}

/** All but the largest settled stamps of a path lose their values; those found without a stamp neither count nor are pruned. */
function pruned(path: string, at: Map<string, Write>): Map<string, Write> {
  const settled = new Set([...at.values()].filter((one) => one.by !== "" && !isFound(one.stamp)).map((one) => one.stamp));
  if (settled.size <= SETTLED_KEPT_MAX) return at;
  const lost = new Set([...settled].sort(byCodePoint).slice(0, -SETTLED_KEPT_MAX));
  const kept = new Map<string, Write>();
  for (const [name, write] of at) {
    if (write.by !== "" && lost.has(write.stamp) && !(write.value instanceof Gone)) {
      const mark = markOf(path, write.value);
      kept.set(key(write.stamp, `\0${mark}`), { ...write, value: new Gone(mark) });
    } else kept.set(name, write);
  }
  return kept;
}
