// Decides how moments and days are told: in the centre's zone, as people say them.

import { locale, say } from "./say.ts";

let zone = (): string => "Asia/Shanghai";

/** Whoever shows the screens says in which zone the centre is. */
export function tellIn(of: () => string): void {
  zone = of;
}

function told(at: number | string, options: Intl.DateTimeFormatOptions): string {
  const moment = typeof at === "number" ? at : Date.parse(at);
  return Number.isNaN(moment) ? "" : new Intl.DateTimeFormat(locale.value, { timeZone: zone(), hourCycle: "h23", ...options }).format(moment);
}

export function clock(at: number | string): string {
  return told(at, { hour: "2-digit", minute: "2-digit" });
}

export function longDay(at: number | string): string {
  return told(at, { month: "long", day: "numeric", weekday: "long" });
}

/** A moment in full, for where one is read alone. */
export function moment(at: number | string): string {
  return told(at, { year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** A month (`2026-11`) as people say it. */
export function monthWords(month: string): string {
  return new Intl.DateTimeFormat(locale.value, { timeZone: "UTC", year: "numeric", month: "long" }).format(Date.parse(`${month}-01T00:00:00Z`));
}

/** A day as `2026-11-22`, in the centre's zone. */
export function dayOf(at: number | string): string {
  const moment = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(moment)) return "";
  // Lists ask for thousands of days, and making a format takes far longer than using it.
  if (days.zone !== zone()) days = { zone: zone(), format: new Intl.DateTimeFormat("sv-SE", { timeZone: zone(), year: "numeric", month: "2-digit", day: "2-digit" }) };
  return days.format!.format(moment);
}

let days: { zone: string; format: Intl.DateTimeFormat | null } = { zone: "", format: null };

/** Today: the time of day; else the day. */
export function when(at: number | string): string {
  const day = dayOf(at);
  const today = dayOf(Date.now());
  if (day === "") return "";
  if (day === today) return clock(at);
  if (day === dayOf(Date.now() - 86_400_000)) return say(`昨天 ${clock(at)}`, `yesterday ${clock(at)}`);
  return day.slice(0, 4) === today.slice(0, 4) ? told(at, { month: "numeric", day: "numeric" }) : told(at, { year: "numeric", month: "numeric", day: "numeric" });
}

/** Whole days from one day (`2026-11-22`) to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}
