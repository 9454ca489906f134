// Decides what is wrong with a record before it is finished: what its form says, what a household is owed, and times that cannot be.
// Whether it may be finished all the same: yes, unless something required is missing; the server marks the rest.

import { checkForm } from "../forms/form.ts";
import type { Problem } from "../forms/form.ts";
import { isList, text } from "../records/json.ts";
import type { Speaks } from "./behalf.ts";
import type { Values } from "./values.ts";

/** Where it is asked who gave the findings: beside the joint survey. */
export const GIVEN_BY = "case/given_by";
const TOLD = ["narrative", "talked", "found", "outcome"];
const LONG_MS = 86_400_000;
const KEPT_YEARS = 2;

/** In the order of the form; `speaks`: for whom its findings do. */
export function faultsOf(form: Values, values: Values, speaks: Speaks | null = null): Problem[] {
  const found = checkForm(form, values);
  const more = [periodFault(values), privacyFault(values), speakerFault(speaks)].filter((one) => one !== null);
  return [...found, ...more.filter((one) => !found.some((other) => other.field === one.field))];
}

export function mayFinish(faults: readonly Problem[]): boolean {
  return !faults.some((one) => one.code === "required");
}

/** Whether the record is about a household or a resident: then notice or consent is asked for. */
export function isPersonal(values: Values): boolean {
  return /^(household|resident):/.test(text(values["subject"]));
}

export function tells(values: Values): boolean {
  return TOLD.some((path) => text(values[path]) !== "");
}

/** How long a household's record is kept unless another day is chosen; `today` as `2026-11-22`. */
export function keptUntil(today: string): string {
  const [year, rest] = [Number(today.slice(0, 4)), today.slice(4)];
  return `${year + KEPT_YEARS}${rest === "-02-29" ? "-02-28" : rest}`;
}

function privacyFault(values: Values): Problem | null {
  if (!isPersonal(values) || !tells(values)) return null;
  if (!values["privacy"]) {
    return { field: "privacy", code: "required", zh: "记录了住户情况：请注明已告知或已同意", en: "It tells of a household: say whether notice or consent was given" };
  }
  if (!values["keep_until"]) {
    return { field: "keep_until", code: "required", zh: "记录了住户情况：请填写保存至哪一天", en: "It tells of a household: say until which day it is kept" };
  }
  return null;
}

function speakerFault(speaks: Speaks | null): Problem | null {
  if (speaks === null || speaks.party === "" || speaks.givenBy.trim() !== "") return null;
  return { field: GIVEN_BY, code: "required", zh: "代录：请填写意见由谁提出", en: "Recorded for another party: say who gave the findings" };
}

function periodFault(values: Values): Problem | null {
  const period = values["period"];
  if (!isList(period) || !period[0] || !period[1]) return null;
  const lasted = Date.parse(text(period[1])) - Date.parse(text(period[0]));
  if (lasted < 0) return { field: "period", code: "end_before_start", zh: "结束早于开始，请改正", en: "It ends before it starts: correct it" };
  if (lasted > LONG_MS) return { field: "period", code: "duration", zh: "超过了 24 小时，请核对", en: "It lasts over 24 hours: check it" };
  return null;
}
