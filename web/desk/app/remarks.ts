// Decides which remarks were made on a field, and whether its author has answered them: by an edit of that field after the remark.

import { itemsOf } from "../../shared/records/items.ts";
import type { Json } from "../../shared/records/json.ts";
import { text } from "../../shared/records/json.ts";
import { parseStamp } from "../../shared/records/stamps.ts";
import type { RecordTold } from "./record.ts";
import type { Companion } from "./shapes.ts";

export interface Remark {
  field: string;
  text: string;
}

export function remarksOf(review: Companion): Remark[] {
  return [...itemsOf(review.fields as { [path: string]: Json }, "remarks").values()].map((one) => ({ field: text(one["field"]), text: text(one["text"]) })).filter((one) => one.text !== "");
}

/** The remarks of the last return, by field; those in all under "". */
export function lastRemarks(told: RecordTold): Map<string, { text: string; answered: boolean }[]> {
  const returns = told.beside.filter((one) => one.type === "review" && one.fields["decision"] === "return");
  const last = returns.sort((one, other) => text(one.fields["at"] as Json).localeCompare(text(other.fields["at"] as Json))).at(-1);
  const found = new Map<string, { text: string; answered: boolean }[]>();
  if (last === undefined) return found;
  const since = Date.parse(String(last.fields["at"]));
  for (const { field, text: words } of remarksOf(last)) {
    found.set(field, [...(found.get(field) ?? []), { text: words, answered: field !== "" && editedSince(told, field, since) }]);
  }
  if (last.fields["text"]) found.set("", [...(found.get("") ?? []), { text: String(last.fields["text"]), answered: false }]);
  return found;
}

function editedSince(told: RecordTold, path: string, since: number): boolean {
  const stamps = Object.entries(told.body.stamps ?? {});
  return stamps.some(([of, stamp]) => (of === path || of.startsWith(`${path}/`)) && (parseStamp(stamp)?.ms ?? 0) > since);
}
