// Decides what kinds of value a form can ask for: one test each, and the words for a value that failed it.

import { isList } from "../records/json.ts";
import type { Json } from "../records/json.ts";

/** A stable code, and what is wrong and what to do, in Chinese and English. */
export type Reason = readonly [code: string, zh: string, en: string];

export interface Kind {
  holds(value: Json): boolean;
  why(value: Json): Reason;
}

const TEXT_CHARACTERS_MAX = 20_000;
const MINUTES_MAX = 44_640;
const LINE_CHARACTERS_MAX = 500;
const LINES_MAX = 50;

const IDENTIFIER = /^[A-Za-z0-9_]{1,40}$/;
const ITEM = /^[A-Za-z0-9_.-]{4,64}$/;
const RECORD = /^[a-z][a-z_]{0,39}:[A-Za-z0-9_.:~-]{1,120}$/;
const DAY = /^\d{4}-[01]\d-[0-3]\d$/;
const INSTANT = /^\d{4}-[01]\d-[0-3]\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

function fixed(holds: (value: Json) => boolean, ...reason: Reason): Kind {
  return { holds, why: () => reason };
}

/** Text of so many characters, counted as code points. */
export function text(least: number | null, most: number | null): Kind {
  const [low, high] = [least ?? 1, most ?? TEXT_CHARACTERS_MAX];
  const length = (value: string): number => [...value].length;
  return {
    holds: (value) => typeof value === "string" && low <= length(value) && length(value) <= high,
    why: (value) => {
      if (typeof value !== "string") return ["type", "应为文字，请重新填写", "must be text: enter it again"];
      if (length(value) < low) return ["empty", "不能为空，请填写或清除此项", "must not be empty: fill it in or clear it"];
      return ["too_long", `最多 ${high} 字，请删减`, `at most ${high} characters: shorten it`];
    },
  };
}

export function integer(least: number | null, most: number | null): Kind {
  const [low, high] = [least ?? Number.MIN_SAFE_INTEGER, most ?? Number.MAX_SAFE_INTEGER];
  return {
    holds: (value) => isWhole(value) && low <= value && value <= high,
    why: (value) =>
      isWhole(value)
        ? ["range", `应在 ${low} 到 ${high} 之间，请改正`, `must be from ${low} to ${high}: correct it`]
        : ["type", "应为整数，请重新填写", "must be a whole number: enter it again"],
  };
}

export function minutes(least: number | null, most: number | null): Kind {
  return integer(least ?? 0, most ?? MINUTES_MAX);
}

export function lines(most: number | null): Kind {
  const high = most ?? LINES_MAX;
  const fits = (one: Json): boolean => typeof one === "string" && one !== "" && [...one].length <= LINE_CHARACTERS_MAX;
  return fixed(
    (value) => isList(value) && value.length <= high && value.every(fits),
    "type",
    `应为最多 ${high} 项的列表，请改正`,
    `must be a list of at most ${high} short texts: correct it`,
  );
}

/** The id of another record; `targets` are the prefixes that it may have (none: any). */
export function reference(targets: readonly string[]): Kind {
  const pattern = targets.length > 0 ? new RegExp(`^(${targets.join("|")}):[A-Za-z0-9_.~-]{1,64}$`) : RECORD;
  const zh = targets.length > 0 ? "请从列表中选择对象" : "应为记录编号，请重新选择";
  const en = `must be the id of a ${targets.join(" or ") || "record"}: choose it from the list`;
  return fixed((value) => matches(pattern, value), "format", zh, en);
}

export interface Option {
  value: string | number | boolean;
  label: { zh: string; en: string };
}

export function choice(options: readonly Option[], several: boolean): Kind {
  const isOption = (value: Json): boolean => options.some((one) => one.value === value);
  const distinct = (values: readonly Json[]): boolean => new Set(values).size === values.length;
  return fixed(
    several ? (value) => isList(value) && value.every(isOption) && distinct(value) : isOption,
    "choice",
    `请从中选择：${options.map((one) => one.label.zh).join("、")}`,
    `choose from: ${options.map((one) => one.label.en).join(", ")}`,
  );
}

export const boolean = fixed(
  (value) => typeof value === "boolean",
  "type",
  "应为是或否，请重新选择",
  "must be yes or no: choose again",
);

export const FIXED: { readonly [kind: string]: Kind } = {
  boolean,
  day: fixed(isDay, "format", "日期应写作 2026-11-20，请重新选择", "must be a day such as 2026-11-20: choose it again"),
  instant: fixed(
    isInstant,
    "format",
    "时间应写作 2026-11-20T00:03:12Z（世界时），请重新选择",
    "must be a time such as 2026-11-20T00:03:12Z (UTC): choose it again",
  ),
  period: fixed(
    (value) => isList(value) && value.length === 2 && isInstant(value[0]!) && (value[1] === null || isInstant(value[1]!)),
    "format",
    "应为开始和结束时间（未结束可留空），请重新选择",
    "must be a start and an end (empty while it goes on): choose them again",
  ),
  place: fixed(
    isPlace,
    "format",
    "应为纬度、经度（单位 1e-7 度）和精度（米），请重新定位",
    "must be latitude and longitude in 1e-7 degree, and accuracy in metres: locate it again",
  ),
  member: fixed(
    (value) => matches(IDENTIFIER, value),
    "format",
    "应为人员编号，请从名单中选择",
    "must be a member's id: choose from the list",
  ),
  item_of: fixed(
    isItemOf,
    "format",
    "应为“记录编号#条目编号”，请从列表中选择问题",
    "must be a record's id, # and an item's id: choose the problem from the list",
  ),
};

function isWhole(value: Json): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function matches(pattern: RegExp, value: Json): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isDay(value: Json): boolean {
  if (typeof value !== "string" || !DAY.test(value) || value.startsWith("0000")) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

function isInstant(value: Json): boolean {
  return typeof value === "string" && INSTANT.test(value) && isDay(value.slice(0, 10));
}

function isPlace(value: Json): boolean {
  if (!isList(value) || value.length < 2 || value.length > 3 || !value.every(isWhole)) return false;
  const [latitude, longitude, accuracy = 0] = value as readonly number[];
  return Math.abs(latitude!) <= 900_000_000 && Math.abs(longitude!) <= 1_800_000_000 && accuracy >= 0 && accuracy <= 1_000_000;
}

function isItemOf(value: Json): boolean {
  if (typeof value !== "string") return false;
  const at = value.indexOf("#");
  return at >= 0 && RECORD.test(value.slice(0, at)) && ITEM.test(value.slice(at + 1));
}
