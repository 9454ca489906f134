// Decides how a value is told in words, whatever its kind: options by their labels, people by their names, times in the centre's zone.

import { isList, text } from "../../shared/records/json.ts";
import type { Json } from "../../shared/records/json.ts";
import { say, sayOf } from "../../shared/ui/say.ts";
import { clock, dayOf, longDay, moment } from "../../shared/ui/time.ts";
import type { Names } from "../records/names.ts";
import type { Line } from "../../shared/records/telling.ts";

type Told = Pick<Line, "kind" | "options">;

export function valueWords(value: Json, told: Told, names: Names): string {
  if (value === null || value === "") return say("（空）", "(empty)");
  if (told.kind.startsWith("set ")) return (isList(value) ? value : []).map((one) => memberWords(told.kind.slice(4), text(one), names)).join(say("、", ", "));
  if (isList(value)) {
    if (told.kind === "period") return periodWords(value);
    if (told.kind === "place") return placeWords(value);
    return value.map((one) => scalarWords(one, told, names)).join(say("、", ", "));
  }
  return scalarWords(value, told, names);
}

function scalarWords(value: Json, told: Told, names: Names): string {
  const option = told.options[String(value)];
  if (option !== undefined) return sayOf(option);
  switch (told.kind) {
    case "boolean":
      return value === true ? say("是", "yes") : say("否", "no");
    case "instant":
      return moment(text(value));
    case "member":
      return names.person(text(value));
    case "minutes":
      return say(`${String(value)} 分钟`, `${String(value)} min`);
    case "reference":
      return names.of(text(value)) || text(value);
    case "item_of":
      return say("另一条记录中的问题", "a problem of another record");
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

function memberWords(set: string, member: string, names: Names): string {
  return set === "parties" || set === "branches" ? names.of(`branch:${member}`) || member : names.person(member);
}

/** From–to on one day names the day once. */
export function periodWords(period: readonly Json[]): string {
  const [start, end] = [text(period[0]), text(period[1])];
  if (!end) return say(`${longDay(start)} ${clock(start)} 起`, `${longDay(start)}, from ${clock(start)}`);
  if (dayOf(start) === dayOf(end)) return `${longDay(start)} ${clock(start)}–${clock(end)}`;
  return `${longDay(start)} ${clock(start)} – ${longDay(end)} ${clock(end)}`;
}

function placeWords(place: readonly Json[]): string {
  const [latitude, longitude, accuracy] = place.map(Number) as [number, number, number | undefined];
  const spot = `${(latitude / 1e7).toFixed(5)}, ${(longitude / 1e7).toFixed(5)}`;
  return accuracy === undefined || Number.isNaN(accuracy) ? spot : say(`${spot}（精度 ${accuracy} 米）`, `${spot} (within ${accuracy} m)`);
}
