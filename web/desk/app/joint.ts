// Decides how joint surveys are listed at the desk, what a draft of one is while it is written, and what of it is still lacking.

import { fromLocal, toLocal } from "../../shared/inputs/moments.ts";
import { say } from "../../shared/ui/say.ts";
import { optionWords } from "../../shared/ui/words.ts";
import type { CaseTold } from "./cases.ts";
import { dayOf, tell, zoneName } from "./clock.ts";

export interface CaseRow {
  id: string;
  branch: string;
  matter: string;
  subject: string;
  subject_name: string;
  limit: string;
  state: string;
  overdue: boolean;
  parties: number;
  awaited: number;
  disagreements: number;
  conclusion: string;
  late: number;
  early: boolean;
}

export interface CaseList {
  cases: CaseRow[];
  counts: { draft: number; waiting: number; ready: number; overdue: number } | null;
  next: string | null;
}

/** By which the list is narrowed, in this order. */
export const NARROWED = ["open", "draft", "waiting", "ready", "overdue", "issued", "all"] as const;
export type Narrowed = (typeof NARROWED)[number];

const NARROWED_WORDS: { [one in Narrowed]: readonly [string, string] } = {
  open: ["未办结", "Not done"],
  draft: ["草稿", "Drafts"],
  waiting: ["等各方意见", "Parties awaited"],
  ready: ["可下结论", "Conclusion due"],
  overdue: ["已逾期", "Overdue"],
  issued: ["已下结论", "Concluded"],
  all: ["全部", "All"],
};

export function narrowedWords(one: Narrowed): string {
  return say(...NARROWED_WORDS[one]);
}

/** What the server is asked for. What is done is looked for from its end: the latest first. */
export function queryOf(one: Narrowed): { [name: string]: string } {
  if (one === "overdue") return { overdue: "true" };
  if (one === "all") return { order: "latest" };
  return one === "issued" ? { state: one, order: "latest" } : { state: one };
}

const STATES: { [state: string]: readonly [string, string, string] } = {
  draft: ["草稿", "draft", ""],
  waiting: ["等各方意见", "parties awaited", "calm"],
  ready: ["可下结论", "conclusion due", "wait"],
  issued: ["已下结论", "concluded", "good"],
  withdrawn: ["已撤回", "withdrawn", ""],
};

/** How a joint survey stands, and by which look. */
export function standWords(one: { state: string }): { words: string; tone: string } {
  const [zh, en, tone] = STATES[one.state] ?? [one.state, one.state, ""];
  return { words: say(zh, en), tone };
}

export function conclusionWords(one: string): string {
  return one ? optionWords("case", "conclusion", one) : "";
}

/** What is said once it is announced: whoever has no account has to be told by somebody. */
export function announcedWords(told: CaseTold): string {
  const names = told.outside.map((one) => [one.name, one.contact].filter(Boolean).join(" "));
  const rest = names.length > 0 ? say(`没有账号的单位请另行通知：${names.join("、")}。`, ` Those without an account are yours to tell: ${names.join(", ")}.`) : "";
  return say("已告知，各支部的平板下次同步时收到。", "Announced: the branches' tablets have it after their next sync.") + rest;
}

/** How long there is until a limit, in days of the centre; "" where there is none. */
export function dueWords(limit: string, now: number): string {
  const at = Date.parse(limit);
  if (Number.isNaN(at)) return "";
  const days = Math.round((Date.parse(dayOf(at)) - Date.parse(dayOf(now))) / 86_400_000);
  if (days === 0) return at > now ? say(`今天 ${tell(at, "time")} 到期`, `due today, ${tell(at, "time")}`) : say("今天已到期", "past since today");
  if (days < 0) return say(`已逾期 ${-days} 天`, `overdue by ${-days} ${days === -1 ? "day" : "days"}`);
  return say(`还有 ${days} 天`, `${days} ${days === 1 ? "day" : "days"} left`);
}

export interface TextLine {
  id: string;
  text: string;
}

export interface OutsideLine {
  id: string;
  name: string;
  contact: string;
}

/** `limit`: as the browser's field has it, in the centre's zone; "" for none. `parties`: branches beside the lead. */
export interface Draft {
  matter: string;
  subject: { id: string; name: string }[];
  limit: string;
  parties: string[];
  outside: OutsideLine[];
  checklist: TextLine[];
  needs: TextLine[];
}

export function nothing(): Draft {
  return { matter: "", subject: [], limit: "", parties: [], outside: [], checklist: [], needs: [] };
}

export function draftOf(told: CaseTold): Draft {
  const branches = told.parties.map((one) => one.party).filter((one) => one.startsWith("branch:"));
  return {
    matter: told.matter,
    subject: told.subject ? [{ id: told.subject, name: told.subject_name || told.subject }] : [],
    limit: told.limit ? toLocal(told.limit, zoneName()) : "",
    parties: branches.map((one) => one.slice(7)).filter((one) => one !== told.branch),
    outside: told.outside.map((one) => ({ ...one })),
    checklist: told.items.filter((one) => one.text).map((one) => ({ id: one.item, text: one.text })),
    needs: told.need_lines.map((one) => ({ id: one.item, text: one.text })),
  };
}

/** As the server takes it. A line that says nothing is none. */
export function bodyOf(draft: Draft): { [name: string]: unknown } {
  return {
    matter: draft.matter.trim(),
    subject: draft.subject[0]?.id ?? "",
    limit: instantOf(draft.limit),
    parties: draft.parties,
    outside: said(draft.outside, (one) => one.name + one.contact),
    checklist: said(draft.checklist, (one) => one.text).map((one) => one.text),
    needs: said(draft.needs, (one) => one.text),
  };
}

export function instantOf(local: string): string | null {
  return local ? fromLocal(local, zoneName()) : null;
}

/** The lines that say something: those are sent, and by their places the server tells what is wrong. */
export function said<T>(lines: readonly T[], words: (one: T) => string): T[] {
  return lines.filter((one) => words(one).trim() !== "");
}

/** What an announcement still lacks, by field; the server looks at all the rest. */
export function lacking(draft: Draft): { [field: string]: string } {
  const found: { [field: string]: string } = {};
  if (!draft.matter.trim()) found["matter"] = say("请填写办理事项", "Say the matter");
  if (draft.subject.length === 0) found["subject"] = say("请选择踏勘对象", "Choose what is surveyed");
  if (!draft.limit) found["limit"] = say("请定下办理时限", "Set a time limit");
  if (draft.parties.length === 0 && said(draft.outside, (one) => one.name).length === 0) found["parties"] = say("除牵头支部外，至少要有一个参与单位", "Name at least one party beside the lead");
  if (said(draft.checklist, (one) => one.text).length === 0) found["checklist"] = say("清单至少要有一项", "The checklist has no item");
  return found;
}

const PARTS: { [part in keyof Draft]: readonly [string, string] } = {
  matter: ["办理事项", "matter"],
  subject: ["踏勘对象", "what is surveyed"],
  limit: ["办理时限", "time limit"],
  parties: ["参与支部", "branches"],
  outside: ["无账号的参与单位", "parties without an account"],
  checklist: ["踏勘事项清单", "checklist"],
  needs: ["一次告知的材料", "what is needed"],
};

/** The parts in which two drafts differ, in words. */
export function differing(one: Draft, other: Draft): string[] {
  const same = (part: keyof Draft): boolean => JSON.stringify(one[part]) === JSON.stringify(other[part]);
  return (Object.keys(PARTS) as (keyof Draft)[]).filter((part) => !same(part)).map((part) => say(...PARTS[part]));
}

/** What was being written when its screen was left, by case ("" for a new one): found again until it is saved or given up. */
export const unsaved = new Map<string, { draft: Draft; seen: CaseTold | null; id: string }>();
