// Decides how lines of the audit look to the desk, and in which words they are told; the server has the words of their kinds.

import { ref } from "vue";
import type { RouteLocationRaw } from "vue-router";
import { isRecordType, typeOfId } from "../../shared/records/schema.ts";
import { say, sayOf } from "../../shared/ui/say.ts";
import { typeWords } from "../../shared/ui/words.ts";
import { get } from "./api.ts";
import { nameOf } from "./directory.ts";
import { officeWords } from "./offices.ts";
import { activityPlace, casePlace, memberPlace, recordPlace, subjectPlace } from "./places.ts";

export interface Line {
  id: string;
  kind: string;
  at: string;
  account?: string;
  member?: string;
  tablet?: string;
  [fact: string]: unknown;
}

export interface Lines {
  lines: Line[];
  next: string | null;
  /** Down to when the answer looked; "" for all there is. */
  looked: string;
  names: { [id: string]: string };
}

export interface Concerned {
  words: string;
  place: RouteLocationRaw | null;
}

const kinds = ref<{ [kind: string]: { zh: string; en: string } }>({});

export async function readKinds(): Promise<void> {
  if (Object.keys(kinds.value).length === 0) kinds.value = await get("audit/kinds");
}

export function kindWords(kind: string): string {
  return sayOf(kinds.value[kind]) || kind;
}

export function everyKind(): string[] {
  return Object.keys(kinds.value);
}

export function whoWords(line: Line, names: Lines["names"]): string {
  const name = line.member ? (names[`member:${line.member}`] ?? nameOf(line.member)) : "";
  return [name, line.account].filter((one, at, all) => one && all.indexOf(one) === at).join(" · ") || say("（未登录）", "(nobody)");
}

const ON = ["of", "record", "records", "document", "for_account", "for_member", "database", "db", "branch"];
const HIDDEN = new Set([...ON, "id", "type", "version", "kind", "at", "account", "member", "tablet", "from", "to", "digest", "key"]);

/** What a line names, each with where it is opened. */
export function concerned(line: Line, names: Lines["names"]): Concerned[] {
  const told = ON.flatMap((name) => (Array.isArray(line[name]) ? (line[name] as unknown[]) : [line[name]]).filter((one): one is string => typeof one === "string" && one !== "").map((one) => concern(name, one, names, line.kind)));
  return told.filter((one, at) => told.findIndex((other) => other.words === one.words) === at);
}

function concern(name: string, id: string, names: Lines["names"], kind: string): Concerned {
  const type = typeOfId(id);
  if (name === "for_member") return { words: names[`member:${id}`] ?? nameOf(id), place: memberPlace(id) };
  if (id.startsWith("member:")) return { words: names[id] ?? nameOf(id), place: memberPlace(id) };
  if (type === "subject") return { words: names[id] ?? id, place: subjectPlace(id) };
  if (type === "case") return { words: short(id), place: casePlace(id) };
  if (id.startsWith("activity:")) return { words: short(id), place: activityPlace(id) };
  if (isRecordType(type)) return { words: short(id), place: recordPlace(id) };
  if (kind.startsWith("tablet_") && name === "of") return { words: id, place: { name: "tablets", params: { id } } };
  if (/^(branch|window|unit):/.test(id)) return { words: names[id] ?? nameOf(id), place: null };
  return { words: short(id), place: null };
}

function short(id: string): string {
  if (id.length <= 24) return id;
  const type = typeOfId(id);
  return type ? `${typeWords(type)} …${id.slice(-6)}` : `${id.slice(0, id.indexOf(":") + 1)}…${id.slice(-6)}`;
}

const FACTS: { [name: string]: readonly [string, string] } = {
  address: ["地址", "address"],
  by: ["方式", "by"],
  count: ["条数", "documents"],
  lines: ["行数", "lines"],
  reason: ["原因", "reason"],
  decision: ["决定", "decision"],
  format: ["格式", "format"],
  state: ["状态", "state"],
  role: ["职务", "role"],
  fields: ["字段", "fields"],
  changes: ["改动", "changes"],
  persons: ["涉及的人", "persons"],
  version: ["版本", "version"],
  from: ["从", "from"],
  to: ["到", "until"],
  rows: ["行数", "rows"],
  flagged: ["有问题", "bad rows"],
  asked: ["条件", "asked"],
};

const VALUES: { [value: string]: readonly [string, string] } = {
  session: ["审核台", "desk"],
  basic: ["密码直连", "basic"],
  enrol: ["平板登记", "enrolment"],
  added: ["新任", "put into office"],
  changed: ["更正或卸任", "ended or put right"],
  removed: ["删除录错的", "taken out"],
  given: ["已交办", "given"],
  ended: ["已结束", "ended"],
  approve: ["通过", "approve"],
  return: ["退回", "return"],
  settle: ["裁定", "settle"],
  join: ["合并", "join"],
  split: ["拆分", "split"],
  alias: ["同一对象", "same subject"],
  reopen: ["重新审核", "reopen"],
  conclusion: ["结论", "conclusion"],
  drafted: ["建立草稿", "drafted"],
  redrafted: ["修改草稿", "draft changed"],
  announced: ["已告知各方", "announced"],
  supplemented: ["告知后补充", "added to"],
  withdrawn: ["已撤回", "taken back"],
};

/** What else a line says. */
export function restWords(line: Line): string {
  // Of an office the days say when it was held; of a delivery they are tokens.
  const office = line.kind === "office" ? { role: officeWords(String(line["role"])), from: line["from"], to: line["to"] ?? say("（现任）", "(goes on)") } : {};
  const told = Object.entries({ ...line, ...office }).filter(([name]) => name in office || !HIDDEN.has(name));
  return told.map(([name, value]) => `${sayOf(FACTS[name]) || name}: ${plain(value)}`).join(say("；", "; "));
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(say("、", ", "));
  if (value !== null && typeof value === "object") return Object.entries(value).map(([name, one]) => `${name}=${plain(one)}`).join(" ");
  return sayOf(VALUES[String(value)]) || (value === true ? say("是", "yes") : value === false ? say("否", "no") : String(value));
}
