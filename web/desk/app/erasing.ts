// Decides how erasing for good is told at the desk: what would go, in words, and afterwards, on the page that one came from, that it is done.

import { ref } from "vue";
import type { RouteLocationRaw, Router } from "vue-router";
import { say } from "../../shared/ui/say.ts";
import { typeWords } from "../../shared/ui/words.ts";
import { nameOf } from "./directory.ts";
import { home } from "./navigation.ts";

export interface Counted {
  type: string;
  count: number;
}

/** What would go with a record or subject, as the server tells it. */
export interface Erasable {
  id: string;
  type: string;
  word: string;
  aliases: string[];
  itself: Counted[];
  records: (Counted & { branch: string })[];
  beside: Counted[];
  cases: number;
  months: { branch: string; month: string; number: number }[];
  count: number;
  seen: string;
}

export interface ErasedPart {
  erased: number;
  left: number;
  seen: string;
}

/** "走访 12、照片 9". */
export function countedWords(found: Counted[]): string {
  return found.map((one) => `${one.type === "refused" ? say("未接收的内容", "refused revisions") : typeWords(one.type)} ${one.count}`).join(say("、", ", "));
}

/** "第三党支部：走访 12、服务 3", a line each. */
export function byBranch(found: Erasable["records"]): string[] {
  const branches = [...new Set(found.map((one) => one.branch))];
  return branches.map((branch) => say(`${nameOf(`branch:${branch}`)}：`, `${nameOf(`branch:${branch}`)}: `) + countedWords(found.filter((one) => one.branch === branch)));
}

export const sum = (found: Counted[]): number => found.reduce((total, one) => total + one.count, 0);

/** What was done, and where it is told. No name in it: it was to be forgotten. */
export const justErased = ref<{ words: string; path: string } | null>(null);

/** Go back to where one came from, or to `instead`, and say there what was done. */
export function leaveErased(router: Router, words: string, instead?: RouteLocationRaw): void {
  const off = router.afterEach((to) => {
    off();
    justErased.value = { words, path: to.path };
  });
  const before = (history.state as { back?: unknown } | null)?.back;
  if (instead !== undefined) void router.replace(instead);
  else if (typeof before === "string" && !before.startsWith("/login")) router.back();
  else void router.replace({ name: home() });
}
