// Decides which records are chosen to be approved together: sound new ones only, one by one, a range, or all of a subject or author.

import { computed, ref, type Ref } from "vue";
import { isSound, type Waiting } from "./inbox.ts";

export function useChoosing(items: Ref<Waiting[]>) {
  const ids = ref(new Set<string>());
  const last = ref("");
  /** Why one was not approved, by its id. */
  const failed = ref(new Map<string, string>());
  const sound = computed(() => items.value.filter(isSound));
  const chosen = computed(() => sound.value.filter((one) => ids.value.has(one.id)));
  const base = computed(() => sound.value.find((one) => one.id === last.value));

  function choose(item: Waiting, range = false): void {
    const next = new Set(ids.value);
    const from = sound.value.findIndex((one) => one.id === last.value);
    const to = sound.value.findIndex((one) => one.id === item.id);
    if (range && from >= 0 && to >= 0) for (const one of sound.value.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one.id);
    else if (!next.delete(item.id)) next.add(item.id);
    ids.value = next;
    last.value = item.id;
  }

  function chooseAll(test: (one: Waiting) => boolean): void {
    ids.value = new Set([...ids.value, ...sound.value.filter(test).map((one) => one.id)]);
  }

  function clear(): void {
    ids.value = new Set();
    failed.value = new Map();
  }

  /** Those that were approved are chosen no more; those that were not stay, each with the reason. */
  function answered(approved: string[], why: Map<string, string>): void {
    ids.value = new Set([...ids.value].filter((one) => !approved.includes(one)));
    failed.value = why;
  }
  return { ids, chosen, sound, base, failed, choose, chooseAll, clear, answered };
}
