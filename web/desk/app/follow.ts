// Decides how problems and promised services look to the desk: how they are narrowed, in which order they are read, and in which words a due day is told.

import { say } from "../../shared/ui/say.ts";
import { optionWords } from "../../shared/ui/words.ts";
import { get } from "./api.ts";

export type View = "problems" | "services";

/** A problem or promised service as the API lists it. Days are the centre's; "" where there is none. */
export interface Promised {
  record: string;
  item: string;
  branch: string;
  owner: string;
  subject: string;
  subject_name: string;
  kind: string;
  day: string;
  due: string;
  closed: string;
  state: string;
  timely: string;
  severity: number;
  overdue: boolean;
  activity: string;
}

export interface Followed {
  problem: Promised;
  text: string;
  result: string;
  by: string;
  owner_from: "assignment" | "record" | "author";
  due_from: "assignment" | "record" | "";
  assignment: { id: string; member: string; by: string; days: (string | null)[]; text: string } | null;
  follow_ups: { day: string; record: string; activity: string; by: string; state: string; text: string; result: string }[];
  photos: { id: string; record: string; day: string; caption: string }[];
}

export interface Counts {
  at: string;
  soon: string;
  problems: { open: number; overdue: number; soon: number; undated: number };
  services: { open: number; overdue: number; soon: number; undated: number };
}

/** What is asked for, as it stands in the address. */
export interface Narrowed {
  view: View;
  stands: string;
  branch: string;
  owner: string;
  subject: string;
}

type Query = { [name: string]: string };
interface Stand {
  name: string;
  words: readonly [string, string];
  counted?: "open" | "overdue" | "soon";
  /** Read one after another. */
  queries: (counts: Counts) => Query[];
}

const CLOSED = { order: "closed" };
const OPEN: Stand[] = [
  { name: "open", words: ["未办结", "open"], counted: "open", queries: () => [{ open: "true" }] },
  { name: "overdue", words: ["已逾期", "overdue"], counted: "overdue", queries: () => [{ overdue: "true" }] },
  { name: "soon", words: ["7 天内到期", "due within 7 days"], counted: "soon", queries: ({ at, soon }) => [{ open: "true", due_first: at, due_last: soon }] },
];
const ALL: Stand = { name: "all", words: ["全部", "all"], queries: () => [{ open: "true" }, { open: "false", ...CLOSED }] };

/** By which lists are narrowed, in the order of the chips; the first is meant where none is named. */
export const STANDS: { readonly [view in View]: readonly Stand[] } = {
  problems: [
    { ...OPEN[0]!, words: ["未解决", "open"] },
    ...OPEN.slice(1),
    { name: "solved", words: ["已解决", "solved"], queries: () => [{ state: "solved", ...CLOSED }] },
    { name: "not_solvable", words: ["无法解决", "cannot be solved"], queries: () => [{ state: "not_solvable", ...CLOSED }] },
    ALL,
  ],
  services: [
    ...OPEN,
    { name: "early", words: ["提前办结", "early"], queries: () => [{ timely: "early", ...CLOSED }] },
    { name: "on_time", words: ["按时办结", "on time"], queries: () => [{ timely: "on_time", ...CLOSED }] },
    { name: "late", words: ["逾期办结", "late"], queries: () => [{ timely: "late", ...CLOSED }] },
    ALL,
  ],
};

/** `text`: what the problem is, or what the service was about. */
export interface Listed {
  problem: Promised;
  text: string;
}

/** A page of what is asked for; `next` goes on, null at the end. Throws Refused. */
export async function readPage(asked: Narrowed, counts: Counts, after: string, limit: number): Promise<{ found: Listed[]; next: string | null; at: string }> {
  const steps = (STANDS[asked.view].find((one) => one.name === asked.stands) ?? STANDS[asked.view][0]!).queries(counts);
  const narrow = { branch: asked.branch, subject: asked.subject, [asked.view === "problems" ? "owner" : "member"]: asked.owner };
  const found: Listed[] = [];
  let [step, cursor, at] = [Number(after.split("|")[0] ?? 0), after.split("|")[1] ?? "", counts.at];
  for (; step < steps.length; step += 1, cursor = "") {
    const told = await get<{ at: string; problems?: Listed[]; services?: Promised[]; matters?: { [record: string]: string }; next: string | null }>(asked.view, { ...steps[step], ...narrow, after: cursor, limit: String(limit - found.length) });
    found.push(...(told.problems ?? (told.services ?? []).map((problem) => ({ problem, text: told.matters?.[problem.record] ?? "" }))));
    at = told.at;
    if (told.next !== null) return { found, next: `${step}|${told.next}`, at };
  }
  return { found, next: null, at };
}

/** How near the due day is at the day `at`, in words and a tone; of what is closed, whether it was in time. */
export function dueWords(one: Promised, at: string): { words: string; tone: "bad" | "wait" | "good" | "calm" | "" } {
  if (one.closed) return one.due && one.closed > one.due ? { words: say(`逾期 ${apart(one.due, one.closed)} 天办结`, `closed ${days(apart(one.due, one.closed))} late`), tone: "bad" } : { words: one.due ? say("按期办结", "closed in time") : say("已办结", "closed"), tone: "good" };
  if (!one.due) return { words: say("未定期限", "no due day"), tone: "" };
  const left = apart(at, one.due);
  if (left < 0) return { words: say(`已逾期 ${-left} 天`, `${days(-left)} overdue`), tone: "bad" };
  if (left === 0) return { words: say("今天到期", "due today"), tone: "wait" };
  return { words: say(`还有 ${left} 天`, `${days(left)} left`), tone: left <= 7 ? "wait" : "calm" };
}

export function severityWords(severity: number): string {
  return optionWords("visit", "problems/x/severity", severity);
}

export function problemState(state: string): { words: string; tone: string } {
  return { words: optionWords("visit", "problems/x/state", state), tone: { solved: "good", in_hand: "calm", passed_on: "calm" }[state] ?? "" };
}

export function stageWords(stage: string): string {
  const words = { received: ["受理", "received"], examined: ["审查", "examined"], reviewed: ["审核", "reviewed"], decided: ["决定", "decided"], concluded: ["办结", "concluded"], delivered: ["送达", "delivered"] }[stage];
  return words ? say(words[0]!, words[1]!) : stage;
}

function apart(from: string, until: string): number {
  return Math.round((Date.parse(until) - Date.parse(from)) / 86_400_000);
}

function days(number: number): string {
  return number === 1 ? "1 day" : `${number} days`;
}
