// Decides how a value is told in words: options by their labels, people and subjects by their names.

import { lasted } from "../inputs/moments.ts";
import { shallowReactive } from "vue";
import type { Item } from "../forms/form.ts";
import { isList, text } from "../records/json.ts";
import type { Joint } from "../records/joint.ts";
import type { Json } from "../records/json.ts";
import { say, sayOf } from "../ui/say.ts";
import { clock, dayOf, daysBetween, when } from "../ui/time.ts";
import type { Card } from "../records/card.ts";
import { typeInfo } from "../records/schema.ts";

export const SUBJECT_KINDS = typeInfo("subject").prefixes;

export interface Names {
  of(id: string): string;
  card(id: string): Card | null;
}

/** Names of what ids stand for, looked up once each; the id itself of what is not here. */
export function namesFrom(get: (id: string) => Promise<Card | null>): Names {
  const cards = shallowReactive(new Map<string, Card | null>());
  const asked = new Set<string>();
  const card = (id: string): Card | null => {
    const found = cards.get(id);
    if (found !== undefined && found !== null) return found;
    if (id !== "" && !asked.has(id)) {
      asked.add(id);
      // What is made on the spot is not found at once: a name that was not found is asked for again.
      void get(id).then((got) => (got === null ? asked.delete(id) : cards.set(id, got)));
    }
    return null;
  };
  return { card, of: (id) => card(id)?.name || id.slice(id.indexOf(":") + 1) };
}

/** "" for nothing. Sets and lists are told by who shows them. */
export function tell(item: Item, value: Json, names: Names): string {
  if (value === null || value === "") return "";
  switch (item.kind) {
    case "choice":
      return optionOf(item, value);
    case "choices":
      return isList(value) ? value.map((one) => optionOf(item, one)).join(say("、", ", ")) : "";
    case "boolean":
      return value === true ? say("是", "Yes") : say("否", "No");
    case "reference":
      return names.of(text(value));
    case "member":
      return names.of(`member:${text(value)}`);
    case "period":
      return isList(value) ? periodWords(text(value[0]), text(value[1])) : "";
    case "instant":
      return `${dayOf(text(value))} ${clock(text(value))}`;
    case "place":
      return isList(value) ? say(`已定位（精度约 ${String(value[2] ?? 0)} 米）`, `found (to about ${String(value[2] ?? 0)} m)`) : "";
    case "lines":
      return isList(value) ? value.join(say("；", "; ")) : "";
    case "minutes":
      return say(`${String(value)} 分钟`, `${String(value)} min`);
    default:
      return String(value);
  }
}

export function periodWords(start: string, end: string): string {
  const day = dayOf(start) === dayOf(Date.now()) ? say("今天", "today") : when(start) === clock(start) ? "" : dayOf(start);
  if (!end) return `${day} ${clock(start)} ${say("起，尚未结束", "on, not ended yet")}`;
  const until = dayOf(start) === dayOf(end) ? clock(end) : `${dayOf(end)} ${clock(end)}`;
  return `${day} ${clock(start)}–${until}${say(`（${lasted(start, end)}）`, ` (${lasted(start, end)})`)}`;
}

/** A party without an account by its name. */
export function partyName(joint: Joint | null, party: string): string {
  return joint?.outside.find((one) => one.party === party)?.name ?? say("无账号的单位", "a party without an account");
}

/** Until when the findings of a joint survey are wanted, in words; `past`: no longer. "" where there is no limit. */
export function limitWords(limit: string): { words: string; past: boolean } {
  if (limit === "") return { words: "", past: false };
  const [today, last] = [dayOf(Date.now()), dayOf(limit)];
  const days = daysBetween(last, today);
  if (Date.parse(limit) <= Date.now()) return { words: days > 0 ? say(`逾期 ${days} 天`, days === 1 ? "1 day late" : `${days} days late`) : say("今天已到期", "was due today"), past: true };
  return { words: last === today ? say(`今天 ${clock(limit)} 到期`, `due today ${clock(limit)}`) : say(`${when(limit)} 到期`, `due ${when(limit)}`), past: false };
}

function optionOf(item: Item, value: Json): string {
  return sayOf(item.options?.find((one) => one.value === value)?.label) || String(value);
}
