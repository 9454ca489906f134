// Decides how what the server finds wrong with a form is told: each problem at its field, in the language that is spoken.

import { Refused } from "./api.ts";
import { half } from "./words.ts";

/** {field: problem}; empty where the answer names no fields. */
export function faultsOf(error: unknown): { [field: string]: string } {
  const told = error instanceof Refused ? (error.told as { problems?: { field: string; problem: string }[] } | null) : null;
  return Object.fromEntries((told?.problems ?? []).map((one) => [one.field, half(one.problem)]));
}
