// Decides how figures look to the desk: the API's answers about them, what they are about, and where each number leads.

import type { RouteLocationRaw } from "vue-router";
import { language, say } from "../../shared/ui/say.ts";
import { get } from "./api.ts";

export interface Meaning {
  code: string;
  zh: string;
  en: string;
  unit_zh: string;
  unit_en: string;
  meaning_zh: string;
  meaning_en: string;
  parts: string[];
  counts: "" | "rows" | "sum" | "activities" | "subjects";
}

export interface Days {
  first: string;
  last: string;
  running: boolean;
}

export interface Compared {
  value: number | null;
  before: number | null;
  growth: number | null;
  year_before: number | null;
  growth_year: number | null;
}

/** `rows`: what lists the rows behind the value now, before and a year before. */
export interface GroupCompared {
  group: string;
  figures: { [code: string]: Compared };
  rows: [string, string, string];
}

export interface Comparison {
  period: Days;
  before: Days;
  year_before: Days;
  groups: GroupCompared[];
}

export interface Group {
  group: string;
  figures: { [code: string]: number | null };
}

export interface Series {
  steps: Days[];
  rows: string[];
  groups: { group: string; figures: { [code: string]: (number | null)[] } }[];
}

export interface Profile {
  month: Days;
  before: Days;
  year_before: Days;
  figures: GroupCompared;
  weeks: Series;
  kinds: Group[];
  members: Group[];
  months: Series;
}

/** What figures are about, in the order in which they are read. `from`: the figure of what was imported for them, without any of which they
    are unknown. */
export const TOPICS: readonly { zh: string; en: string; codes: readonly string[]; from?: string }[] = [
  { zh: "活动", en: "Activities", codes: ["activities", "visits", "services", "surveys", "events", "person_times", "person_hours"] },
  { zh: "服务对象", en: "Who was reached", codes: ["households", "residents", "enterprises", "projects", "links", "links_reached", "coverage"] },
  { zh: "问题", en: "Problems", codes: ["problems_found", "problems_solved", "problems_overdue"] },
  { zh: "办件与时限", en: "Matters and time limits", codes: ["matters", "promises", "on_time", "on_time_share", "early", "early_share", "services_overdue"] },
  { zh: "评价与满意度", en: "Ratings and satisfaction", codes: ["ratings", "rated_share", "good_ratings", "good_share", "ratings_repeated", "called_back", "called_back_share", "votes", "votes_share"] },
  { zh: "值守与志愿", en: "Duty and clean-ups", codes: ["duty_turns", "duty_hours", "clean_up_person_times"] },
  { zh: "服务方式", en: "Ways of service", codes: [] },
  { zh: "大厅办件", en: "Matters of the hall", codes: ["hall_accepted", "hall_concluded", "hall_on_time_share", "hall_early_share", "hall_rated", "hall_satisfied_share"], from: "hall_rows" },
];

const known = new Map<string, Meaning>();
let asked: Promise<void> | null = null;

/** Learn every figure's name and meaning, once. */
export function readMeanings(): Promise<void> {
  asked ??= get<Meaning[]>("figures/meanings")
    .then((found) => found.forEach((one) => known.set(one.code, one)))
    .catch(() => void (asked = null));
  return asked;
}

/** Every code of a topic; the ways of service are those that there are. */
export function codesOf(topic: (typeof TOPICS)[number]): string[] {
  return topic.codes.length > 0 ? [...topic.codes] : [...known.keys()].filter((code) => code.startsWith("services_") && code !== "services_overdue");
}

export function figureName(code: string): string {
  const one = known.get(code);
  return one === undefined ? code : say(one.zh, one.en).replace(/^(服务：|Services: )/, "");
}

/** The unit beside a name; none where the name says it already. */
export function unitBeside(code: string): string {
  return figureName(code).toLowerCase().includes(figureUnit(code).toLowerCase()) ? "" : figureUnit(code);
}

export function figureUnit(code: string): string {
  const one = known.get(code);
  return one === undefined ? "" : say(one.unit_zh, one.unit_en);
}

export function figureMeaning(code: string): string {
  const one = known.get(code);
  return one === undefined ? "" : say(one.meaning_zh, one.meaning_en);
}

/** A share, whose change is told in percentage points. */
export function isShare(code: string): boolean {
  return known.get(code)?.unit_zh === "%";
}

export function told(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString(language.value === "zh" ? "zh-CN" : "en-GB");
}

/** With its unit, as it stands in a sentence or a name. */
export function toldWhole(code: string, value: number | null | undefined): string {
  const unit = figureUnit(code);
  return unit === "%" ? `${told(value)} %` : `${told(value)} ${unit}`;
}

/** A change: by per cent, of a share by percentage points. */
export function change(code: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const sign = value > 0 ? "+" : value < 0 ? "−" : "±";
  return `${sign}${told(Math.abs(value))} ${isShare(code) ? say("百分点", "pp") : "%"}`;
}

/** The screen that lists the records behind a number. `query`: as the API tells it (`branch=b03&first=…`) or its parts. */
export function behind(code: string, query: string | { [name: string]: string | undefined }, more: { [name: string]: string } = {}): RouteLocationRaw {
  const parts = typeof query === "string" ? Object.fromEntries(new URLSearchParams(query)) : Object.fromEntries(Object.entries(query).filter(([, value]) => value));
  return { name: "figure", params: { code }, query: { ...(parts as { [name: string]: string }), ...more } };
}
