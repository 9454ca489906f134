// Decides how a value is told in words, whatever its kind: options by their labels, people by name, times in the centre's zone.

import { say, sayOf } from "../../shared/ui/say.ts";
import { dayOf, tell } from "./clock.ts";
import { nameOf } from "./directory.ts";

export interface Told {
  kind: string;
  options?: { readonly [value: string]: readonly [zh: string, en: string] } | undefined;
}

export function saying(value: unknown, told: Told): string {
  if (value === null || value === undefined || value === "") return say("（空）", "(empty)");
  const option = told.options?.[String(value)];
  if (option) return sayOf(option);
  if (Array.isArray(value)) return listed(value, told);
  if (value === true) return say("是", "yes");
  if (value === false) return say("否", "no");
  switch (told.kind) {
    case "instant":
      return tell(String(value));
    case "member":
    case "reference":
      return nameOf(String(value));
    case "minutes":
      return say(`${String(value)} 分钟`, `${String(value)} min`);
    case "item_of":
      return say("另一条记录中的问题", "a problem of another record");
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

function listed(value: unknown[], told: Told): string {
  if (told.kind === "period") return periodWords(String(value[0]), value[1] ? String(value[1]) : "");
  if (told.kind === "place") return placeWords(value);
  if (told.kind === "set parties" || told.kind === "set branches") return value.map((one) => nameOf(`branch:${String(one)}`)).join(say("、", ", "));
  if (told.kind.startsWith("set ")) return value.map((one) => nameOf(String(one))).join(say("、", ", "));
  return value.map((one) => sayOf(told.options?.[String(one)]) || String(one)).join(told.kind === "lines" ? "\n" : say("、", ", "));
}

/** From–to on one day names the day once. */
function periodWords(start: string, end: string): string {
  if (!end) return say(`${tell(start)} 起，未结束`, `from ${tell(start)}, not ended`);
  if (Number.isNaN(Date.parse(start)) || Number.isNaN(Date.parse(end))) return `${start} – ${end}`;
  if (Date.parse(end) < Date.parse(start)) return `${tell(start)} – ${tell(end)}`;
  const minutes = Math.round((Date.parse(end) - Date.parse(start)) / 60_000);
  const lasted = minutes < 60 ? say(`${minutes} 分钟`, `${minutes} min`) : hoursWords(Math.floor(minutes / 60), minutes % 60);
  return `${tell(start)} – ${dayOf(start) === dayOf(end) ? tell(end, "time") : tell(end)}${say(`（${lasted}）`, ` (${lasted})`)}`;
}

function hoursWords(hours: number, minutes: number): string {
  return minutes === 0 ? say(`${hours} 小时`, `${hours} h`) : say(`${hours} 小时 ${minutes} 分`, `${hours} h ${minutes} min`);
}

export function placeWords(place: unknown[]): string {
  const [latitude, longitude, accuracy] = place.map(Number);
  const spot = `${(latitude! / 1e7).toFixed(5)}, ${(longitude! / 1e7).toFixed(5)}`;
  return accuracy === undefined ? spot : say(`${spot}（精度 ${accuracy} 米）`, `${spot} (within ${accuracy} m)`);
}

const TONES: { [value: string]: string } = { pass: "good", remedy: "wait", fail: "bad", solved: "good", open: "wait", in_hand: "calm", passed_on: "calm", not_solvable: "bad" };

/** The look of a value that says how something stands (a finding, a conclusion, how far a problem is); "" for all others. */
export function toneOf(path: string, value: unknown): string {
  return /(^|\/)(finding|conclusion|state)$/.test(path) ? (TONES[String(value)] ?? "") : "";
}
