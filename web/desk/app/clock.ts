// Decides in which zone the desk tells times: the centre's, wherever the browser is.

import { ref } from "vue";
import { locale } from "../../shared/ui/say.ts";
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
const SHAPES: { [shape in Shape]: Intl.DateTimeFormatOptions } = {
  moment: { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" },
  day: { dateStyle: "medium" },
  time: { timeStyle: "short", hourCycle: "h23" },
};

/** A moment in words; what is no moment, as it is. `at`: ISO 8601, milliseconds since 1970, or a Date. */
export function tell(at: string | number | Date, shape: Shape = "moment"): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return String(at);
  return new Intl.DateTimeFormat(locale.value, { ...SHAPES[shape], timeZone: zone.value }).format(moment);
}

/** The centre's local day of a moment, as 2026-11-20. */
export function dayOf(at: string | number | Date): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone.value, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(at));
}
