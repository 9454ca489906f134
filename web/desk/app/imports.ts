// Decides how the answers about imports look, and what is said with a file.

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

/** Where a file goes, and what is said with it. */
export function pathOf(asked: Asked): string {
  return asked.kind === "matters" ? "imports" : `imports/registers/${asked.kind}`;
}

export function queryOf(asked: Asked, name: string, more: { [name: string]: string }): { [name: string]: string } {
  const own = asked.kind === "matters" ? { month: asked.month } : asked.kind === "subjects" ? { branch: asked.branch, of: asked.of } : {};
  return { name, sheet: asked.sheet, ...own, ...more };
}
