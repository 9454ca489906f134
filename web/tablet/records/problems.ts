// Decides how the problems found on a visit stand: as their record says, or as the latest follow-up of another record says.

import { text } from "../../shared/records/json.ts";
import type { Json } from "../../shared/records/json.ts";
import type { Card } from "../../shared/records/card.ts";

export interface Problem {
  item: string;
  text: string;
  state: string;
  due: string;
  owner: string;
}

export function problemsOf(record: Card): Problem[] {
  return (record["problems"] as unknown as Problem[] | undefined) ?? [];
}

export function isOpen(state: string): boolean {
  return state === "open" || state === "in_hand" || state === "";
}

/** `around`: what accompanies or follows up the record, the oldest first. */
export function standingOfProblems(record: Card, around: readonly Card[]): Problem[] {
  return problemsOf(record).map((problem) => {
    const told = around.flatMap((one) => ((one["followed"] as Json[] | undefined) ?? []) as [string, string][]);
    const last = told.filter(([about, state]) => about === `${record.id}#${problem.item}` && text(state)).at(-1);
    return last === undefined ? problem : { ...problem, state: last[1] };
  });
}
