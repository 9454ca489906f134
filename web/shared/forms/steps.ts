// Decides by which steps a record is made: few, each of a hand's size, in the order in which things happen. One without anything in
// it is left out.

import type { Item } from "./form.ts";

export const STEP_IDS = ["who", "checklist", "what", "problems", "place", "check"] as const;
export type StepId = (typeof STEP_IDS)[number];

export interface Step {
  id: StepId;
  zh: string;
  en: string;
  items: Item[];
}

const WORDS: { [id in StepId]: readonly [zh: string, en: string] } = {
  who: ["对象与时间", "Whom and when"],
  checklist: ["踏勘清单", "Checklist"],
  what: ["情况", "What"],
  problems: ["问题", "Problems"],
  place: ["照片与位置", "Photos and place"],
  check: ["核对", "Check"],
};
const WHO = new Set(["subject", "kind", "title", "period", "case", "task"]);
const PLACE = new Set(["place", "address"]);
/** Asked together, with one tap, where what was told is about a household. */
export const PRIVACY = new Set(["privacy", "keep_until"]);

/** `shown`: the paths that the form shows for the values so far. */
export function stepsOf(type: string, items: readonly Item[], shown: ReadonlySet<string>): Step[] {
  const of = new Map<StepId, Item[]>(STEP_IDS.map((id) => [id, []]));
  for (const item of items) if (shown.has(item.path) && !PRIVACY.has(item.path)) of.get(stepOf(item))!.push(item);
  const made = STEP_IDS.map((id) => ({ id, zh: zhOf(type, id), en: enOf(type, id), items: of.get(id)! }));
  // Photos and the last look belong to every record.
  return made.filter((step) => step.items.length > 0 || step.id === "place" || step.id === "check");
}

/** The step in which a field is asked for; of an item list or a set any path in it. */
export function stepAt(steps: readonly Step[], path: string): StepId {
  const holds = (item: Item): boolean => path === item.path || path.startsWith(`${item.path}/`);
  if (PRIVACY.has(path)) return steps.some((step) => step.id === "what") ? "what" : "check";
  // For whom the findings speak is asked first, beside the joint survey.
  if (path.startsWith("case/")) return steps[0]?.id ?? "check";
  if (path.startsWith("findings/")) return steps.some((step) => step.id === "checklist") ? "checklist" : "check";
  return steps.find((step) => step.items.some(holds))?.id ?? "check";
}

function stepOf(item: Item): StepId {
  if (item.path.startsWith("findings/")) return "checklist";
  if (item.kind === "items") return "problems";
  if (PLACE.has(item.path) || item.kind === "place") return "place";
  return WHO.has(item.path) || item.kind === "set" || item.kind === "period" ? "who" : "what";
}

function zhOf(type: string, id: StepId): string {
  return id === "who" && type === "event" ? "活动与时间" : WORDS[id][0];
}

function enOf(type: string, id: StepId): string {
  return id === "who" && type === "event" ? "Which and when" : WORDS[id][1];
}
