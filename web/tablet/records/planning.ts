// Decides what Today holds: whom one is linked with and has not seen for longest, what has to be put right, which problems are due.

import { text } from "../../shared/records/json.ts";
import type { Shelf } from "../store/shelf.ts";
import type { Card } from "../../shared/records/card.ts";
import { isOpen, problemsOf } from "./problems.ts";
import type { Problem } from "./problems.ts";

export interface Linked {
  subject: Card;
  /** The last record about the subject, or null. */
  last: Card | null;
}

export interface Due {
  record: Card;
  problem: Problem;
}

/** The subjects assigned to a member today (`2026-11-22`), whoever was seen longest ago first. */
export async function linked(shelf: Shelf, member: string, today: string): Promise<Linked[]> {
  const given = await shelf.between("assignment", "", "\uffff");
  const superseded = new Set(given.map((one) => text(one["supersedes"])));
  const mine = given.filter((one) => {
    const [from, until] = (one["days"] as (string | null)[] | null) ?? [];
    const runs = (!from || from <= today) && (!until || until >= today);
    return one["member"] === member && one.subject && one.state !== "ended" && one.state !== "done" && !superseded.has(one.id) && runs;
  });
  const ids = [...new Set(mine.map((one) => one.subject))];
  const found = await Promise.all(
    ids.map(async (id) => {
      const [subject, lasts] = await Promise.all([shelf.get(id), shelf.lastAbout(id, 1)]);
      return subject === null || subject.removed ? null : { subject, last: lasts[0] ?? null };
    }),
  );
  const known = found.filter((one): one is Linked => one !== null);
  return known.sort((one, other) => ((one.last?.at ?? "") < (other.last?.at ?? "") ? -1 : 1));
}

/** Open problems of one's own records, those that are due first. */
export async function due(shelf: Shelf): Promise<Due[]> {
  const records = await shelf.todo("problem");
  const open = records.flatMap((record) => problemsOf(record).filter((one) => isOpen(one.state)).map((problem) => ({ record, problem })));
  return open.sort((one, other) => ((one.problem.due || "9999") < (other.problem.due || "9999") ? -1 : 1));
}
