// Decides how assignments look to the desk, and who may give and end them there.

import { say } from "../../shared/ui/say.ts";
import { subjectName } from "./activities.ts";
import { me } from "./session.ts";

export interface Assignment {
  id: string;
  kind: "link" | "problem" | "task";
  branch: string;
  member: string;
  subject: string;
  problem: string;
  first: string;
  last: string;
  state: "now" | "future" | "ended";
}

export interface Assignments {
  assignments: Assignment[];
  /** What is to be done, and what an assigned problem is in the words of its record, by the assignment's id. */
  texts: { [id: string]: string };
  problems: { [id: string]: string };
  names: { [id: string]: string };
  next: string | null;
}

export interface Covered {
  member: string;
  branch: string;
  assigned: number;
  reached: number;
  /** (assignment, subject) of each that was not reached. */
  unreached: [string, string][];
}

export interface Coverage {
  first: string;
  last: string;
  members: Covered[];
  names: { [id: string]: string };
}

export function mayAssign(): boolean {
  return me.value !== null && me.value.member !== null && ["secretary", "deputy", "committee"].includes(me.value.role);
}

export function kindWords(kind: string): string {
  return { link: say("联系对象", "Linked subject"), problem: say("问题督办", "Problem to solve"), task: say("任务", "Task") }[kind] ?? kind;
}

export function stateWords(state: Assignment["state"]): { words: string; tone: string } {
  return { now: { words: say("进行中", "in force"), tone: "good" }, future: { words: say("未开始", "not begun"), tone: "calm" }, ended: { words: say("已结束", "ended"), tone: "" } }[state];
}

export function daysWords(one: Assignment): string {
  if (one.state === "ended" && !one.last) return say("未生效", "never in force");
  if (!one.first) return one.last ? say(`至 ${one.last}`, `until ${one.last}`) : say("不限期", "no end");
  return one.last ? `${one.first} – ${one.last}` : say(`${one.first} 起`, `from ${one.first}`);
}

/** What was assigned, in words: a problem as its record tells it, a subject by its name, a task by what is to be done. */
export function aboutWords(one: Assignment, told: Pick<Assignments, "texts" | "problems" | "names">): string {
  return told.problems[one.id] ?? (one.subject ? subjectName(one.subject, told.names) : (told.texts[one.id] ?? ""));
}

export function share(one: { assigned: number; reached: number }): number {
  return one.assigned === 0 ? 0 : Math.round((100 * one.reached) / one.assigned);
}
