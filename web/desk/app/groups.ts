// Decides in which groups a record is read at the desk: whom and when, what happened, item by item what was found, what was concluded, and how
// long it is kept.

import type { Values } from "../../shared/forms/form.ts";
import { askedBy, lineOf, tell, type Line, type Part, type Words } from "../../shared/records/telling.ts";

export interface Group {
  key: string;
  label: Words;
  lines: Line[];
  /** An item of a list: shown as a block of its own. */
  item: boolean;
}

/** In this order, whatever the form's: what a reviewer looks for first. */
const FIRST = ["subject", "kind", "title", "case", "matter", "matter_code", "matter_kind", "matters", "window", "period", "participants", "absent", "parties", "host", "lecturer", "others", "address", "place"];
const KEPT = new Set(["privacy", "keep_until"]);
const CONCLUDED = new Set(["conclusion", "conclusion_text"]);
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
  const first = plain.filter((one) => FIRST.includes(one.path)).sort((one, other) => FIRST.indexOf(one.path) - FIRST.indexOf(other.path));
  return [
    group("first", ["对象、时间与人员", "Who and when"], first),
    group("told", ["情况", "What happened"], plain.filter((one) => !FIRST.includes(one.path) && !KEPT.has(one.path) && !CONCLUDED.has(one.path))),
    ...Object.entries(TITLES).map(([head, label]) => group(head, label, head === "stages" ? [] : within(head))),
    ...itemGroups(items),
    group("concluded", ["结论", "Conclusion"], plain.filter((one) => CONCLUDED.has(one.path))),
    group("kept", ["告知与保存", "Notice and keeping"], plain.filter((one) => KEPT.has(one.path))),
  ].filter((one) => one.lines.length > 0);
}

/** A block for each item, numbered where there are several; items that say one thing each are lines of one group. */
function itemGroups(items: readonly Part[]): Group[] {
  const lists = new Map<string, Part[]>();
  for (const one of items) {
    const head = one.path.split("/")[0]!;
    lists.set(head, [...(lists.get(head) ?? []), one]);
  }
  return [...lists].flatMap(([head, parts]): Group[] => {
    if (parts.every((one) => one.lines.length === 1)) return [{ key: head, label: parts[0]!.label, item: false, lines: parts.map((one, at) => ({ ...one.lines[0]!, label: numbered(one.lines[0]!.label, at, parts.length) })) }];
    return parts.map((one, at) => ({ key: one.path, label: numbered(one.label, at, parts.length), item: true, lines: one.lines }));
  });
}

function numbered([zh, en]: Words, at: number, of: number): Words {
  return of > 1 ? [`${zh} ${at + 1}`, `${en} ${at + 1}`] : [zh, en];
}
