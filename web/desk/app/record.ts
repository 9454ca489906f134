// Decides how the API's answers about one record look to the desk; the server describes them in /schema.

import type { Companion } from "./shapes.ts";

/** One value that a field was given. `at`: milliseconds since 1970. */
export interface Value {
  value: unknown;
  held: "kept" | "pruned" | "redacted";
  fate: "shown" | "agrees" | "lost" | "replaced";
  stamp: string;
  member: string;
  tablet: string;
  at: string | null;
  by: string;
  over: string[];
  ahead: boolean;
  /** What its tablet is called and whose it is, "" where nothing is known of it. */
  tablet_label: string;
  tablet_member: string;
}

export interface FieldTold {
  path: string;
  zh: string;
  en: string;
  rule: string;
  disputed: boolean;
  open_for_person: boolean;
  values: Value[];
}

export interface StageTold {
  stage: string;
  zh: string;
  en: string;
  promised: string;
  actual: string;
  by: string;
  timely: string;
}

export interface RecordTold {
  id: string;
  database: string;
  revision: string;
  body: {
    type: string;
    form?: string;
    branch: string;
    author: string;
    device?: string;
    fields: { [path: string]: unknown };
    stamps?: { [path: string]: string };
  };
  withdrawn: boolean;
  disputed: string[];
  history: FieldTold[];
  problems: { field: string; zh: string; en: string }[];
  beside: Companion[];
  stages: StageTold[];
  timely: string;
  review: "open" | "approved" | "amended" | "returned" | "corrected";
  activity: string | null;
  standing: string;
  seen: string;
  decided: string;
}

export interface SinceDecision {
  review: string;
  decision: string;
  member: string;
  at: string;
  exact: boolean;
  photos: boolean;
  fields: { path: string; zh: string; en: string; before: unknown; after: unknown; member: string; tablet: string; at: string | null }[];
}

/** A decision was not taken, since the record changed (`conflict`) or somebody was faster (`decided`). */
export interface Outdated {
  error: "conflict" | "decided";
  member: string;
  decision: string;
}

/** The paths whose values two versions of a record tell otherwise. */
export function differing(before: RecordTold, after: RecordTold): string[] {
  const [was, now] = [before.body.fields, after.body.fields];
  return [...new Set([...Object.keys(was), ...Object.keys(now)])].filter((path) => JSON.stringify(was[path]) !== JSON.stringify(now[path]));
}
