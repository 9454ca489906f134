// Decides how the API's answers about tablets look to the desk, and in which words their states are told.

import { say } from "../../shared/ui/say.ts";
import { tell } from "./clock.ts";

export type State = "invited" | "active" | "locked" | "wipe" | "wiped";

export interface Because {
  code: string;
  zh: string;
  en: string;
  do_zh: string;
  do_en: string;
}

export interface Report {
  unsent: number;
  oldest: string | null;
  photos: number;
  refused: number;
  version: string;
  clock_seconds: number | null;
  stored: number | null;
  room: number | null;
  at: string;
}

export interface Listed {
  tablet: { id: string; account: string; state: State; label: string; made: string; code_expires: string; enrolled: string; token_expires: string };
  report: Report | null;
  member: string | null;
  name: string;
  branch: string | null;
  safe: boolean;
  unsafe: Because[];
  attention: Because[];
  old: boolean;
}

export interface Listing {
  tablets: Listed[];
  total: number;
  waiting: number;
  version: string;
  next: string | null;
}

export interface Invitable {
  account: string;
  member: string | null;
  name: string;
  branch: string | null;
  tablets: number;
}

export interface Invited {
  tablet: Listed["tablet"];
  code: string;
  link: string;
  qr: string;
}

export function stateWords(state: State): { words: string; tone: string } {
  switch (state) {
    case "invited":
      return { words: say("已邀请", "invited"), tone: "calm" };
    case "active":
      return { words: say("使用中", "in use"), tone: "good" };
    case "locked":
      return { words: say("已锁定", "locked"), tone: "wait" };
    case "wipe":
      return { words: say("待擦除", "to be wiped"), tone: "bad" };
    case "wiped":
      return { words: say("已擦除", "wiped"), tone: "" };
  }
}

export function nameOfTablet(one: Listed["tablet"]): string {
  return one.label || one.id;
}

/** What it last said it holds, in words; "" where nothing. */
export function holdsWords(report: Report | null): string {
  if (report === null) return "";
  const records = report.unsent > 0 ? [say(`${report.unsent} 条记录${report.oldest ? `（最早 ${tell(report.oldest, "day")}）` : ""}`, `${report.unsent} records${report.oldest ? ` (since ${tell(report.oldest, "day")})` : ""}`)] : [];
  const photos = report.photos > 0 ? [say(`${report.photos} 张照片`, `${report.photos} photos`)] : [];
  return [...records, ...photos].join(say("，", ", "));
}

export function bytesWords(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** How long ago, in the largest unit that says it. */
export function agoWords(at: string, now: number): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(at)) / 60_000));
  if (minutes < 60) return say(`${minutes} 分钟前`, `${minutes} min ago`);
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return say(`${hours} 小时前`, `${hours} h ago`);
  return say(`${Math.floor(hours / 24)} 天前`, `${Math.floor(hours / 24)} days ago`);
}
