// Decides how the API's answers about activities, members and subjects look to the desk.

import { say } from "../../shared/ui/say.ts";
import { optionWords, typeWords } from "../../shared/ui/words.ts";

export interface LinkFound {
  score: number;
  because: string[];
  records: string[];
  review?: string;
}

export interface Activity {
  id: string;
  day: string;
  fields: { of: string; kind?: string; subject?: string; title?: string; period: [string, string]; state: string; person_times: number; person_minutes: number; problems: number; solved: number };
  records: string[];
  participants: string[];
  branches: string[];
  aliases: string[];
  joined: LinkFound[];
  suggested: LinkFound[];
  readable: string[];
  names: { [id: string]: string };
}

export interface Activities {
  activities: Activity[];
  next: string | null;
}

export interface Words {
  id: string;
  type: string;
  author: string;
  branch: string;
  form: string;
  fields: { [path: string]: unknown } | null;
}

export interface SideBySide {
  activity: Activity;
  records: Words[];
  decided: { id: string; decision: string; author: string; at: string; records: string[] }[];
}

export interface Link {
  id: string;
  branch: string;
  member: string;
  subject: string;
  first: string;
  last: string;
  now: boolean;
}

export interface SubjectTold {
  id: string;
  database: string;
  branch: string;
  fields: { [path: string]: unknown };
  root: string;
  aliases: { id: string; name: string; same_as: string; review: string }[];
  assigned: Link[];
  person: "shown" | "hidden" | "none";
  persons: { id: string; fields: { [path: string]: unknown } }[];
  photos: { id: string; record: string; day: string; caption: string }[];
  names: { [id: string]: string };
}

export interface MemberTold {
  id: string;
  fields: { [path: string]: unknown };
  assigned: Link[];
  names: { [id: string]: string };
}

export interface Problem {
  problem: { record: string; item: string; owner: string; subject: string; subject_name: string; day: string; due: string; closed: string; state: string; severity: number; overdue: boolean };
  text: string;
  result: string;
}

/** What an activity is called: by its title, else by its kind. */
export function titleOf(one: Activity): string {
  return one.fields.title || kindOf(one.fields.of, one.fields.kind);
}

export function kindOf(of: string, kind: string | undefined): string {
  return kind ? optionWords(of, "kind", kind) : typeWords(of);
}

/** A subject's name; of one that may not be read, its kind and that its name is not told. */
export function subjectName(id: string, names: { [id: string]: string }): string {
  return names[id] ?? `${subjectKind(id)}${say("（名称不显示）", " (not named)")}`;
}

export function subjectKind(id: string): string {
  return optionWords("subject", "kind", id.split(":")[0] ?? "");
}
