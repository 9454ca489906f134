// Decides in which language the app speaks: Chinese first, English when chosen. Words stand where they are used, in both.

import { computed, ref } from "vue";

export type Language = "zh" | "en";

const KEPT = "fieldbook.language";
// Rules that are tried in Node, without a browser, speak as well.
export const language = ref<Language>(globalThis.localStorage?.getItem(KEPT) === "en" ? "en" : "zh");

export function speak(chosen: Language): void {
  language.value = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
}

export function say(zh: string, en: string): string {
  return language.value === "zh" ? zh : en;
}

export function sayOf(words: { zh: string; en: string } | readonly [string, string] | undefined): string {
  if (words === undefined) return "";
  return "zh" in words ? say(words.zh, words.en) : say(words[0]!, words[1]!);
}

export const locale = computed(() => (language.value === "zh" ? "zh-CN" : "en-GB"));
