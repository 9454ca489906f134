// Decides how a moment becomes what a date field of the browser shows, in the centre's zone whatever the tablet's own is, and back; and how long
// something lasted.

import { say } from "../ui/say.ts";

/** `2026-11-20T00:03:12Z` as `2026-11-20T08:03` in `zone`; "" for what is no moment. */
export function toLocal(instant: string, zone: string): string {
  const at = Date.parse(instant);
  return Number.isNaN(at) ? "" : new Date(at + offset(at, zone)).toISOString().slice(0, 16);
}

/** `2026-11-20T08:03` in `zone` as `2026-11-20T00:03:00Z`; null for what is no moment. */
export function fromLocal(local: string, zone: string): string | null {
  const shown = Date.parse(`${local}Z`);
  if (Number.isNaN(shown)) return null;
  // The offset of the moment itself: on a day when the clock changes it is not that of the shown time.
  const about = shown - offset(shown, zone);
  return instantOf(shown - offset(about, zone));
}

export function instantOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** How long it took, in words. */
export function lasted(start: string, end: string): string {
  const minutes = Math.round((Date.parse(end) - Date.parse(start)) / 60_000);
  const [sign, whole] = [minutes < 0 ? "−" : "", Math.abs(minutes)];
  if (whole < 60) return say(`${sign}${whole} 分钟`, `${sign}${whole} min`);
  const [hours, rest] = [Math.floor(whole / 60), whole % 60];
  return say(`${sign}${hours} 小时${rest ? ` ${rest} 分钟` : ""}`, `${sign}${hours} h${rest ? ` ${rest} min` : ""}`);
}

function offset(at: number, zone: string): number {
  const told = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(at);
  return Date.parse(`${told.replace(" ", "T")}Z`) - Math.floor(at / 1000) * 1000;
}
