// Decides how the committee of a branch (支部委员会) looks to the desk: who sits on it, as what, from when until when. The fields of a branch
// hold it as items; the server checks and writes them.

import { fieldInfo } from "../../shared/records/schema.ts";
import { say } from "../../shared/ui/say.ts";
import { optionWords } from "../../shared/ui/words.ts";
import { dayOf } from "./clock.ts";
import { nameOf } from "./directory.ts";
import type { Fields } from "./keeping.ts";

export interface Term {
  item: string;
  member: string;
  office: string;
  first: string;
  last: string | null;
}

/** In the order in which a committee is listed. */
export function offices(): string[] {
  return Object.keys(fieldInfo("branch", "offices/*/office")?.options ?? {});
}

export function officeWords(office: string): string {
  return optionWords("branch", "offices/*/office", office);
}

/** Those that were not taken out, in the order of offices; of one office the latest first. */
export function termsOf(fields: Fields): Term[] {
  const items = new Map<string, { [part: string]: unknown }>();
  for (const [path, value] of Object.entries(fields)) {
    const [head, item, part] = path.split("/");
    if (head === "offices" && item && part) items.set(item, { ...items.get(item), [part]: value });
  }
  const found = [...items].filter(([, told]) => Array.isArray(told["days"]) && !told["withdrawn"]).map(([item, told]) => {
    const [first, last] = told["days"] as [string | null, string | null];
    return { item, member: String(told["member"]), office: String(told["office"]), first: first ?? "", last };
  });
  const order = offices();
  return found.sort((one, other) => order.indexOf(one.office) - order.indexOf(other.office) || other.first.localeCompare(one.first));
}

export function standsNow(term: Term, today = dayOf(Date.now())): "now" | "future" | "ended" {
  if (term.first > today) return "future";
  return term.last !== null && term.last < today ? "ended" : "now";
}

/** Those who are in the set of an older directory, without office or days. */
export function without(fields: Fields): string[] {
  const told = new Set(termsOf(fields).map((one) => one.member));
  return Object.entries(fields).filter(([path, value]) => path.startsWith("committee/") && value === true && !told.has(path.slice(10))).map(([path]) => path.slice(10));
}

/** Its secretary and how many sit on it; "" where nothing is told. */
export function committeeWords(fields: Fields): string {
  const now = termsOf(fields).filter((one) => standsNow(one) === "now");
  if (now.length === 0) return "";
  const head = now.find((one) => one.office === "secretary");
  const people = new Set(now.map((one) => one.member)).size;
  return head ? say(`书记 ${nameOf(head.member)}，共 ${people} 人`, `${nameOf(head.member)}, ${people} in all`) : say(`${people} 人，书记空缺`, `${people}, no secretary`);
}

export function daysWords(term: Term): string {
  return term.last ? `${term.first} – ${term.last}` : say(`${term.first} 起`, `from ${term.first}`);
}
