// Decides which records a list shows for what one asks, and under which day each stands.

import type { Head } from "../store/shelf.ts";
import type { Card } from "../../shared/records/card.ts";
import { initials } from "../../shared/records/pinyin.ts";

export interface Asked {
  type: string;
  /** "": any; here, correct, branch, reviewed. */
  state: string;
  mine: boolean;
  typed: string;
}

export type Row = Head | { day: string };

const GROUPS: { [group: string]: readonly string[] } = {
  here: ["here", "refused"],
  correct: ["refused", "returned", "faulty"],
  branch: ["sent", "settling", "amended"],
  reviewed: ["approved", "recorded"],
};

/** Whether a card has to be opened to know that it fits. */
export function needsCards(asked: Asked): boolean {
  return asked.state !== "" || asked.mine || asked.typed.trim() !== "";
}

export function fits(card: Card | null, asked: Asked, member: string, nameOf: (subject: string) => string): boolean {
  if (card === null) return false;
  if (asked.state !== "" && !(GROUPS[asked.state]?.includes(card.state) && !card.removed)) return false;
  if (asked.mine && card.author !== member && !((card["participants"] as string[] | undefined) ?? []).includes(member)) return false;
  const typed = asked.typed.trim().toLowerCase();
  if (typed === "") return true;
  const names = [nameOf(card.subject), card.name].filter(Boolean);
  if (names.some((name) => name.toLowerCase().includes(typed))) return true;
  return /^[a-z0-9]+$/.test(typed) && names.some((name) => initials(name).some((one) => one.includes(typed)));
}

/** A heading before the first record of each day. */
export function byDay(heads: readonly Head[], dayOf: (at: string) => string): Row[] {
  const rows: Row[] = [];
  let last: string | null = null;
  for (const one of heads) {
    const day = dayOf(one.at);
    if (day !== last) rows.push({ day });
    last = day;
    rows.push(one);
  }
  return rows;
}
