// Decides which records are chosen to be approved together: sound new ones only, one by one, a range, or all of a subject or author that wait,
// also those that the list does not show yet. What is chosen is kept as it was seen then: an approval of what has changed since takes no effect.

import { computed, ref, type Ref } from "vue";
import { get } from "./api.ts";
import { isSound, type Waiting } from "./inbox.ts";

/** So many are chosen at once at most; the oldest days first. */
export const CHOSEN_MAX = 1000;
const PAGE = 200;

export interface Whose {
  subject?: string;
  author?: string;
}
interface Sound {
  total: number;
  items: Waiting[];
  next: string | null;
}

/** How many of them wait and are sound, at most 1,001. Throws Refused. */
export async function countSound(whose: Whose): Promise<number> {
  return (await get<Sound>("inbox/sound", { ...whose, limit: "1" })).total;
}

/** All of them, at most CHOSEN_MAX. Throws Refused. */
export async function readSound(whose: Whose): Promise<Waiting[]> {
  const found: Waiting[] = [];
  for (let after: string | null = ""; after !== null && found.length < CHOSEN_MAX; ) {
    const page: Sound = await get("inbox/sound", { ...whose, after, limit: String(PAGE) });
    found.push(...page.items.filter(isSound));
    after = page.next;
  }
  return found.slice(0, CHOSEN_MAX);
}

export function useChoosing(items: Ref<Waiting[]>) {
  const held = ref(new Map<string, Waiting>());
  const base = ref<Waiting>();
  /** Why one was not approved, by its id. */
  const failed = ref(new Map<string, string>());
  const ids = computed(() => new Set(held.value.keys()));
  const sound = computed(() => items.value.filter(isSound));
  const chosen = computed(() => [...held.value.values()].sort((one, other) => one.at.localeCompare(other.at)));

  function add(list: Waiting[]): void {
    const fresh = list.filter((one) => !held.value.has(one.id));
    held.value = new Map([...held.value, ...fresh.map((one) => [one.id, one] as const)]);
  }

  function choose(item: Waiting, range = false): void {
    const from = sound.value.findIndex((one) => one.id === base.value?.id);
    const to = sound.value.findIndex((one) => one.id === item.id);
    if (range && from >= 0 && to >= 0) add(sound.value.slice(Math.min(from, to), Math.max(from, to) + 1));
    else if (held.value.has(item.id)) drop([item.id]);
    else add([item]);
    base.value = item;
  }

  function drop(gone: string[]): void {
    held.value = new Map([...held.value].filter(([id]) => !gone.includes(id)));
    failed.value = new Map([...failed.value].filter(([id]) => !gone.includes(id)));
  }

  function clear(): void {
    held.value = new Map();
    failed.value = new Map();
    base.value = undefined;
  }

  /** Those that were approved are chosen no more; those that were not stay, each with the reason. */
  function answered(approved: string[], why: Map<string, string>): void {
    drop(approved);
    failed.value = why;
  }
  return { ids, chosen, sound, base, failed, choose, add, drop, clear, answered };
}
