// Decides what one member did in a month, in figures of which each opens to its records. Several records of one happening count once.

import { isList, text } from "../../shared/records/json.ts";
import type { Card } from "../../shared/records/card.ts";
import { isOpen, problemsOf } from "./problems.ts";

export interface OwnFigure {
  code: "visits" | "services" | "surveys" | "events" | "person_times" | "hours" | "subjects" | "found" | "solved" | "ratings" | "good";
  value: number;
  /** The records behind it. */
  records: string[];
}

/** What a bar of the plot stands for. */
export interface Bar {
  day: string;
  count: number;
}

const GOOD_SCORE_MIN = 3;
const TYPE_CODES = [
  ["visits", "visit"],
  ["services", "service"],
  ["surveys", "survey"],
  ["events", "event"],
] as const;

/** Records that a member made or took part in, without those that were withdrawn. */
export function ownOf(records: readonly Card[], member: string): Card[] {
  return records.filter((one) => !one.removed && (one.author === member || ((one["participants"] as string[] | undefined) ?? []).includes(member)));
}

/** `mine`: own records of the month; `activities` and `ratings`: cards that may be about them. */
export function ownFigures(mine: readonly Card[], activities: readonly Card[], ratings: readonly Card[]): OwnFigure[] {
  const happenings = [...groups(mine, activities).values()];
  const figure = (code: OwnFigure["code"], value: number, of: readonly Card[]): OwnFigure => ({ code, value, records: of.map((one) => one.id) });
  const counted = TYPE_CODES.map(([code, type]) => {
    const of = happenings.filter((one) => one[0]!.type === type);
    return figure(code, of.length, of.flat());
  });
  const people = happenings.map((of) => new Set(of.flatMap((one) => (one["participants"] as string[] | undefined) ?? [one.author])).size);
  const withSubject = mine.filter((one) => one.subject !== "");
  const withProblems = mine.filter((one) => problemsOf(one).length > 0);
  const solved = mine.filter((one) => problemsOf(one).some((problem) => !isOpen(problem.state)));
  const known = new Map(mine.map((one) => [one.id, one]));
  const rated = ratings.filter((one) => known.has(one.about) && !one.removed);
  const good = rated.filter((one) => Number(one["score"]) >= GOOD_SCORE_MIN);
  return [
    ...counted,
    figure("person_times", people.reduce((sum, one) => sum + one, 0), mine),
    figure("hours", Math.round(minutesOf(mine) / 6) / 10, mine.filter((one) => spanOf(one) !== null)),
    figure("subjects", new Set(withSubject.map((one) => one.subject)).size, withSubject),
    figure("found", withProblems.reduce((sum, one) => sum + problemsOf(one).length, 0), withProblems),
    figure("solved", solved.reduce((sum, one) => sum + problemsOf(one).filter((problem) => !isOpen(problem.state)).length, 0), solved),
    figure("ratings", rated.length, rated.map((one) => known.get(one.about)!)),
    figure("good", good.length, good.map((one) => known.get(one.about)!)),
  ];
}

/** How many records began on each day of a month (`2026-11`), days without any too. `dayOf` tells the centre's day of a moment. */
export function bars(mine: readonly Card[], month: string, dayOf: (at: string) => string): Bar[] {
  const counts = new Map<string, number>();
  for (const one of mine) counts.set(dayOf(one.at), (counts.get(dayOf(one.at)) ?? 0) + 1);
  return daysOf(month).map((day) => ({ day, count: counts.get(day) ?? 0 }));
}

export function daysOf(month: string): string[] {
  const [year, number] = month.split("-").map(Number) as [number, number];
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: days }, (_, at) => `${month}-${String(at + 1).padStart(2, "0")}`);
}

/** The month (`2026-11`) that is so many months later, or earlier when `by` is negative. */
export function monthAfter(month: string, by: number): string {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

/** Moments between which everything of a month lies in any zone; what does not belong to it is left out by its day. */
export function boundsOf(month: string): [from: string, until: string] {
  const day = 86_400_000;
  const instant = (of: string, by: number): string => new Date(Date.parse(`${of}-01T00:00:00Z`) + by).toISOString().slice(0, 19) + "Z";
  return [instant(month, -day), instant(monthAfter(month, 1), day)];
}

/** The records of each happening, by its activity, or by the record where none is told. */
function groups(mine: readonly Card[], activities: readonly Card[]): Map<string, Card[]> {
  const activityOf = new Map(activities.flatMap((one) => ((one["records"] as string[] | undefined) ?? []).map((record) => [record, one.id] as const)));
  const found = new Map<string, Card[]>();
  for (const one of mine) {
    const key = activityOf.get(one.id) ?? one.id;
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  return found;
}

/** Minutes of one's own time; what overlaps counts once. */
function minutesOf(mine: readonly Card[]): number {
  const spans = mine.map(spanOf).filter((one) => one !== null).sort((one, other) => one[0] - other[0]);
  let [total, until] = [0, 0];
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return Math.round(total / 60_000);
}

function spanOf(card: Card): [number, number] | null {
  const period = card["period"];
  if (!isList(period)) return null;
  const [start, end] = [Date.parse(text(period[0])), Date.parse(text(period[1]))];
  return Number.isNaN(start) || Number.isNaN(end) || end <= start ? null : [start, end];
}
