// Decides the stamp of an edit: a hybrid clock that breaks ties between edits and is never evidence of having seen one
// (MG1 to MG3). A stamp is `<ms, 15 digits>.<counter, 4 digits>-<device>-<member>-<random, hex>`, compared as text.

export const ADOPT_AHEAD_MS_MAX = 24 * 60 * 60 * 1000;
const COUNTER_MAX = 9999;
const STAMP = /^(\d{15})\.(\d{4})-([A-Za-z0-9_]+)-([A-Za-z0-9_]+)-([0-9a-f]{4,})$/;
const FOUND = "000000000000000.0000-0-0-";
const CHANGED = "000000000000000.0001-0-0-";

export interface Stamp {
  /** UTC milliseconds since 1970, by the clock of the device that made it. */
  ms: number;
  counter: number;
  device: string;
  member: string;
  random: string;
}

/** The parts of a stamp, or null when it is none of this form. */
export function parseStamp(stamp: string): Stamp | null {
  const found = STAMP.exec(stamp);
  if (found === null) return null;
  const [, ms, counter, device, member, random] = found as unknown as string[];
  return { ms: Number(ms), counter: Number(counter), device: device!, member: member!, random: random! };
}

/**
 * The stamp of a new edit: the largest of the own clock, the own last + 1 and every seen stamp + 1. `ownLast` is "" when
 * there is none; a seen stamp more than 24 hours ahead of `clockMs` is not followed. `random`: a whole number of 32 bits.
 */
export function nextStamp(
  clockMs: number,
  ownLast: string,
  seen: Iterable<string>,
  device: string,
  member: string,
  random: number,
): string {
  let [ms, counter] = [Math.max(clockMs, 0), 0];
  const after = (stamp: Stamp): void => {
    const next = stamp.counter < COUNTER_MAX ? [stamp.ms, stamp.counter + 1] : [stamp.ms + 1, 0];
    if (next[0]! > ms || (next[0] === ms && next[1]! > counter)) [ms, counter] = next as [number, number];
  };
  const last = parseStamp(ownLast);
  if (last !== null) after(last);
  for (const one of seen) {
    const stamp = parseStamp(one);
    if (stamp !== null && stamp.ms <= clockMs + ADOPT_AHEAD_MS_MAX) after(stamp);
  }
  const time = `${String(ms).padStart(15, "0")}.${String(counter).padStart(4, "0")}`;
  const made = `${time}-${device}-${member}-${(random >>> 0).toString(16).padStart(8, "0")}`;
  if (parseStamp(made) === null) throw new Error(`not the parts of a stamp: ${made}`);
  return made;
}

/** The stamp of a value that was found without one; `mark` is a hash of it, so every program gives it the same. */
export function stampFound(mark: string): string {
  return FOUND + mark;
}

/** Whether the stamp was given to a value found without one. */
export function isFound(stamp: string): boolean {
  return stamp.startsWith(FOUND);
}

/** Whether the stamp was given afterwards, by a server, to what came without one. */
export function isUnstamped(stamp: string): boolean {
  return stamp.startsWith(FOUND) || stamp.startsWith(CHANGED);
}
