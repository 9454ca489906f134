// Decides how a branch's month, its versions and what came since one look to the desk.

import { say } from "../../shared/ui/say.ts";
import { address } from "./api.ts";

export interface Listed {
  branch: string;
  month: string;
  state: string;
  number: number;
}

export interface Awaited {
  tablet: string;
  member: string;
  label: string;
  heard: string;
  unsent: number;
}

export interface Version {
  number: number;
  approved_by: string;
  approved_at: string;
  digest: string;
  activities: number;
  missing: number | null;
}

export interface Month {
  id: string;
  branch: string;
  month: string;
  state: string;
  number: number;
  late: string[];
  activities: string[];
  versions: Version[];
  approved_by: string;
  approved_at: string;
  seen: string;
  awaited: Awaited[] | null;
}

export interface Line {
  of: string;
  kind: string;
  subject: string;
  start: string;
  end: string;
  people: string[];
  branches: string[];
  minutes: number;
  problems: number;
  solved: number;
}

export interface Supplement {
  number: number;
  approved_by: string;
  approved_at: string;
  told: boolean;
  figures: { code: string; zh: string; en: string; unit_zh: string; unit_en: string; then: number | null; now: number | null }[];
  activities: { id: string; change: "new" | "changed" | "gone" | "erased" | "joined"; parts: string[]; then: Line | null; now: Line | null; title: string | null; into: string; names: { [id: string]: string } }[];
  next: string | null;
}

const STATES: { [state: string]: readonly [string, string] } = {
  open: ["记录中", "open"],
  under_review: ["有补报待审", "supplement to review"],
  approved: ["已通过", "approved"],
};

export function monthState(state: string): string {
  const words = STATES[state];
  return words === undefined ? state : say(words[0], words[1]);
}

/** Where a month leaves as a document; without `version` as it is now. */
export function documentOf(branch: string, month: string, format: string, version?: number): string {
  return address(`activity-records/${branch}/${month}/document?format=${format}${version === undefined ? "" : `&version=${version}`}`);
}

export function monthWords(month: string): string {
  const [year, of] = month.split("-");
  return say(`${year} 年 ${Number(of)} 月`, month);
}
