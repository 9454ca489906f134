// Decides in which zone the desk tells times: the centre's, wherever the browser is.

import { ref } from "vue";
import { get } from "./api.ts";

const zone = ref("Asia/Shanghai");
let asked: Promise<void> | null = null;

/** Ask the server for the centre's zone, once a visit to the desk. */
export function readZone(): Promise<void> {
  asked ??= get<{ zone: string }>("about")
    .then((told) => void (zone.value = told.zone))
    .catch(() => void (asked = null));
  return asked;
}

/** The centre's zone, as Asia/Shanghai. */
export function zoneName(): string {
  return zone.value;
}

type Shape = "moment" | "day" | "time";

/** A moment as 2026-11-20 15:04, its day or its time alone, alike in both languages; what is no moment, as it is. `at`: ISO 8601,
 * milliseconds since 1970, or a Date. */
export function tell(at: string | number | Date, shape: Shape = "moment"): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return String(at);
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone.value, timeStyle: "short", hourCycle: "h23" }).format(moment);
  return shape === "time" ? time : shape === "day" ? dayOf(moment) : `${dayOf(moment)} ${time}`;
}

/** The first of so many months that end with this one, as 2025-12. */
export function monthBefore(last: string, months: number): string {
  const [year, month] = last.split("-").map(Number);
  return new Date(Date.UTC(year!, month! - months, 1)).toISOString().slice(0, 7);
}

/** The centre's local day of a moment, as 2026-11-20. */
export function dayOf(at: string | number | Date): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone.value, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(at));
}
