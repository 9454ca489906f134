// Decides how a file goes to the server from the desk, with its progress, and how the answers about imports look.

import { Refused } from "./api.ts";

export type Kind = "members" | "subjects" | "matters";

export interface Fault {
  row: number;
  column: string;
  code: string;
  zh: string;
  en: string;
}

export interface Change {
  field: string;
  zh: string;
  en: string;
  before: string;
  after: string;
}

export interface Entry {
  row: number;
  outcome: string;
  id: string;
  name: string;
  changes: Change[];
  problems: Fault[];
  warnings: Fault[];
}

export interface RegisterTaken {
  outcome: "imported" | "completed" | "unchanged" | "tried";
  id: string;
  counts: { [outcome: string]: number };
  rows: Entry[];
  failed: { [row: string]: string };
  previewed: string;
  sheet: string;
  sheets: string[];
  encoding: string;
  columns: { [name: string]: string };
  ignored: string[];
  left_out: string[];
  hidden: number[];
  skipped: number[];
  absent: number;
  header: string[];
  lines: { row: number; cells: string[] }[];
}

export interface MattersTaken {
  outcome: "imported" | "unchanged" | "tried";
  id: string;
  months: string[];
  counted: number;
  flagged: number;
  problems: Fault[];
  skipped: number[];
  columns: { [name: string]: string };
  ignored: string[];
  sheet: string;
  sheets: string[];
  encoding: string;
  supersedes: string[];
  hidden: number[];
}

export interface Run {
  id: string;
  kind: "members" | "subjects";
  branch: string;
  name: string;
  at: string;
  by: string;
  state: "begun" | "done";
  counts: { [outcome: string]: number };
}

export interface MattersRun {
  id: string;
  name: string;
  at: string;
  by: string;
  rows: number;
  flagged: number;
  states: { [month: string]: string };
  withdrawn: boolean;
  reason: string;
}

/** What a file is imported as. */
export interface Asked {
  kind: Kind;
  branch: string;
  /** Of all subjects, where no column says it. */
  of: string;
  month: string;
  sheet: string;
}

/** Send bytes; `progress` is told the share that is up, 1 when the server reads. Throws Refused. */
export function upload<T>(path: string, query: { [name: string]: string }, data: Blob, progress: (share: number) => void): Promise<T> {
  return new Promise((done, fail) => {
    const ask = new XMLHttpRequest();
    ask.open("POST", addressOf(path, query));
    ask.responseType = "json";
    ask.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    ask.upload.onload = () => progress(1);
    ask.onerror = () => fail(new Refused(0, "unreached", "unreached"));
    ask.onload = () => {
      const told = (ask.response ?? {}) as { error?: string; reason?: string };
      if (ask.status >= 200 && ask.status < 300) done(told as T);
      else fail(new Refused(ask.status, told.error ?? "refused", told.reason ?? ask.statusText, told));
    };
    ask.send(data);
  });
}

/** Send bytes, and save what comes back as a file. Throws Refused. */
export async function uploadForFile(path: string, query: { [name: string]: string }, data: Blob, name: string): Promise<void> {
  const answer = await fetch(addressOf(path, query), { method: "POST", body: data });
  if (!answer.ok) throw new Refused(answer.status, "refused", answer.statusText);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Where a file goes, and what is said with it. */
export function pathOf(asked: Asked): string {
  return asked.kind === "matters" ? "imports" : `imports/registers/${asked.kind}`;
}

export function queryOf(asked: Asked, name: string, more: { [name: string]: string }): { [name: string]: string } {
  const own = asked.kind === "matters" ? { month: asked.month } : asked.kind === "subjects" ? { branch: asked.branch, of: asked.of } : {};
  return { name, sheet: asked.sheet, ...own, ...more };
}

function addressOf(path: string, query: { [name: string]: string }): string {
  const url = new URL(path, new URL("../api/v1/", new URL(".", document.baseURI)));
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url.href;
}
