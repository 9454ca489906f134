// Decides how a record stands, in one word: where it is on its way from this tablet into the month's record, and who has to do something.

import { text } from "../../shared/records/json.ts";
import { byCodePoint } from "../../shared/records/json.ts";
import type { Card } from "../../shared/records/card.ts";

export type State =
  | "refused" // the server would not take it: to be put right here
  | "returned" // the reviewer sent it back with remarks
  | "faulty" // something in it is wrong: out of the figures until it is put right
  | "here" // on this tablet only
  | "settling" // two tablets' edits are being joined
  | "recorded" // in the month's record
  | "approved"
  | "amended" // changed after its approval: to be reviewed again
  | "sent"; // with the branch

/** States in which somebody at this tablet has to do something, if the record is their own. */
export const TODO: ReadonlySet<State> = new Set(["refused", "returned", "faulty"]);

export interface Around {
  /** In the outbox: may not have arrived. */
  waiting: boolean;
  refused: boolean;
  reviews: readonly Card[];
  check: Card | null;
  /** Approved months that list an activity of this record. */
  inMonth: boolean;
  /** Hash of what the record says now (only asked for where there are decisions). */
  seen: () => string;
}

export function stateOf(record: Card, around: Around): State {
  if (around.refused) return "refused";
  const standing = standingOf(record, around);
  if (around.waiting) return "here";
  if (standing === "returned") return "returned";
  if (Array.isArray(around.check?.["problems"]) && around.check["problems"].length > 0) return "faulty";
  if (Number(record["leaves"]) > 1) return "settling";
  if (standing === "amended") return "amended";
  if (around.inMonth) return "recorded";
  return standing === "approved" ? "approved" : "sent";
}

const STANDING = new Set(["approve", "return", "reopen"]);

/** The last decision on how a record stands; nobody's own counts, and a superseded one says nothing. */
export function lastDecision(record: Card, reviews: readonly Card[]): Card | null {
  const superseded = new Set(reviews.map((one) => text(one["supersedes"])));
  const standing = reviews.filter((one) => STANDING.has(one.kind) && one.author !== record.author && !superseded.has(one.id));
  standing.sort((one, other) => byCodePoint(text(one["order"]), text(other["order"])) || byCodePoint(one.id, other.id));
  return standing.at(-1) ?? null;
}

function standingOf(record: Card, around: Around): "open" | "approved" | "amended" | "returned" {
  const last = lastDecision(record, around.reviews);
  if (last === null || last.kind === "reopen") return "open";
  const bound = text(last["seen"]) === around.seen();
  if (last.kind === "approve") return bound ? "approved" : "amended";
  return bound ? "returned" : "open";
}
