// Decides for whom the findings of a survey speak: one's own branch, or a party of the joint survey that has no account. One record speaks for
// one; what was chosen once holds for every finding of it.

import { OUTSIDE } from "../records/joint.ts";
import { text } from "../records/json.ts";
import type { Json } from "../records/json.ts";
import { itemIds, joined, withValue } from "./values.ts";
import type { Values } from "./values.ts";

/** `party`: `outside:01K9…`, or "" for one's own branch; `givenBy`: who of that party said so. */
export interface Speaks {
  party: string;
  givenBy: string;
}

export const OURSELVES: Speaks = { party: "", givenBy: "" };
export const GIVEN_BY_MAX = 60;

/** For whom a record speaks by what it says already; null where its findings speak for several, or came from several. */
export function speaksFor(values: Values): Speaks | null {
  const told = findings(values).map((code) => ({ party: text(values[`findings/${code}/party`]), by: text(values[`findings/${code}/given_by`]) }));
  const parties = new Set(told.map((one) => (one.party.startsWith(OUTSIDE) ? one.party : "")));
  const people = new Set(told.map((one) => one.by).filter(Boolean));
  const [party = ""] = parties;
  if (parties.size > 1 || (party !== "" && people.size > 1)) return null;
  return party === "" ? OURSELVES : { party, givenBy: [...people][0] ?? "" };
}

/** What was typed, every finding of the record speaking for whom it is to. A window or unit that a form names is left as it is. */
export function withSpeaker(base: Values, typed: Values, speaks: Speaks): Values {
  const values = joined(base, typed);
  const told = new Set(findings(values));
  const named = Object.keys(values).flatMap((path) => (/^findings\/([^/]+)\/party$/.exec(path)?.[1] ?? []));
  return [...new Set([...told, ...named])].reduce((next, code) => {
    const [party, by] = [`findings/${code}/party`, `findings/${code}/given_by`];
    const set = (one: Json, other: Json): Values => withValue(base, withValue(base, next, party, one), by, other);
    if (speaks.party !== "" && told.has(code)) return set(speaks.party, speaks.givenBy.trim());
    return text(values[party]).startsWith(OUTSIDE) ? set(null, null) : next;
  }, typed);
}

/** The codes of what was found. */
function findings(values: Values): string[] {
  return itemIds(values, "findings").filter((code) => text(values[`findings/${code}/finding`]) !== "");
}
