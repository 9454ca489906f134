// Decides in which groups a record is read at the desk: whom and when, what happened, item by item what was found, and how long it is kept.

import type { Values } from "../../shared/forms/form.ts";
import { askedBy, lineOf, tell, type Line, type Words } from "../../shared/records/telling.ts";

export interface Group {
  key: string;
  label: Words;
  lines: Line[];
  /** An item of a list: shown as a block of its own. */
  item: boolean;
}

const FIRST = new Set(["subject", "kind", "title", "case", "matter", "matter_code", "matter_kind", "matters", "window", "period", "participants", "absent", "parties", "host", "lecturer", "others", "place", "address"]);
const KEPT = new Set(["privacy", "keep_until"]);
const TITLES: { [head: string]: Words } = {
  stages: ["办理环节", "Stages"],
  findings: ["踏勘意见", "Findings"],
};

/** `fields` as the record says them, in the order of its form. `also`: fields that it no longer says, such as one emptied in a dispute. */
export function groupsOf(type: string, form: Values | null, fields: Values, also: readonly string[]): Group[] {
  const [own, ...items] = tell(type, form, fields);
  const asked = askedBy(form);
  const there = new Set([...own!.lines, ...items.flatMap((one) => one.lines)].map((one) => one.path));
  const more = also.filter((path) => !there.has(path) && !/^(participants|absent|parties|readers)\/|withdrawn$/.test(path)).map((path) => lineOf(type, path, fields, asked));
  const lines = [...own!.lines, ...more];
  const within = (head: string): Line[] => lines.filter((one) => one.path.startsWith(`${head}/`));
  const plain = lines.filter((one) => TITLES[one.path.split("/")[0]!] === undefined);
  const group = (key: string, label: Words, of: Line[]): Group => ({ key, label, lines: of, item: false });
  return [
    group("first", ["对象、时间与人员", "Who and when"], plain.filter((one) => FIRST.has(one.path))),
    group("told", ["情况", "What happened"], plain.filter((one) => !FIRST.has(one.path) && !KEPT.has(one.path))),
    ...Object.entries(TITLES).map(([head, label]) => group(head, label, head === "stages" ? [] : within(head))),
    ...items.map((one) => ({ key: one.path, label: one.label, item: true, lines: one.lines })),
    group("kept", ["告知与保存", "Notice and keeping"], plain.filter((one) => KEPT.has(one.path))),
  ].filter((one) => one.lines.length > 0);
}
