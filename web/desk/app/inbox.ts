// Decides by which words the desk tells why something waits, and what of it may be approved many at once.

import { say } from "../../shared/ui/say.ts";
import { isRecordType, typeOfId } from "../../shared/records/schema.ts";
import type { InboxItem } from "./shapes.ts";

export const KINDS = ["new", "corrected", "amended", "disputed", "join", "same_subject", "quarantined", "faulty", "overdue", "conclusion", "month"] as const;

const WORDS: { [kind: string]: readonly [string, string] } = {
  new: ["新记录", "new"],
  corrected: ["已更正", "corrected"],
  amended: ["审核后修订", "amended"],
  disputed: ["待裁定", "disputed"],
  join: ["疑似同一活动", "perhaps one activity"],
  same_subject: ["疑似同一对象", "perhaps one subject"],
  quarantined: ["被隔离", "quarantined"],
  faulty: ["内容有误", "faulty"],
  overdue: ["问题逾期", "overdue"],
  conclusion: ["联合踏勘待出结论", "conclusion due"],
  month: ["月度台账", "a month"],
};

/** An item as the server tells it. `database`: where it lies; `doubt`: 0 to 100, of suggestions their score; `item`: a problem of the record. */
export interface Waiting extends InboxItem {
  database: string;
  doubt: number;
  decided: string;
  item: string;
}

export interface Told {
  counts: { [kind: string]: number };
  items: Waiting[];
  names: { [id: string]: string };
  next: string | null;
}

/** What became of one decision of many. */
export interface Answered {
  id: string;
  status: "decided" | "conflict" | "refused";
  error?: string;
  reason?: string;
}

export function kindWords(kind: string): string {
  const words = WORDS[kind];
  return words === undefined ? kind : say(words[0], words[1]);
}

/** One thing that waits; a record may wait for several reasons. */
export function keyOf(item: Waiting): string {
  return [item.kind, item.id, item.item, ...item.others].join("|");
}

/** Whether nothing is said against a new record: such are approved many at once, all others one by one. */
export function isSound(item: Waiting): boolean {
  return item.kind === "new" && item.doubt === 0 && item.reasons.length === 0 && item.seen !== "";
}

export function isRecord(id: string): boolean {
  return isRecordType(typeOfId(id));
}
