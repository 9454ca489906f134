// Decides how what the server finds wrong with a form is told: each problem at its field, in the language that is spoken.

import { say } from "../../shared/ui/say.ts";
import { Refused } from "./api.ts";

/** {field: problem}; empty where the answer names no fields. */
export function faultsOf(error: unknown): { [field: string]: string } {
  const told = error instanceof Refused ? (error.told as { problems?: { field: string; problem: string }[] } | null) : null;
  return Object.fromEntries((told?.problems ?? []).map((one) => [one.field, half(one.problem)]));
}

/** The server says a problem in Chinese, then in English. */
export function half(words: string): string {
  const found = /^(.*[\u3000-\u9fff\uff00-\uffef][^A-Za-z]*?)\s+([A-Za-z"'(].*)$/s.exec(words);
  return found ? say(found[1]!, found[2]!) : words;
}
