// Decides how a long list is read: sought on the server, a page at a time, and as far again as it was read when something has changed.

import { type Ref, ref, watch } from "vue";
import { get } from "./api.ts";
import { whyNot } from "./words.ts";

type Query = { [name: string]: string | undefined };
interface Page {
  next: string | null;
  total?: number;
}

const PAGE = 100;
const PAGE_MAX = 500;
const TYPING_MS = 180;

/** Every page of a list that is known to be short enough to be held whole. Throws Refused. */
export async function readAll<T>(path: string, part: string, query: Query = {}): Promise<T[]> {
  const found: T[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const page: Page & { [part: string]: unknown } = await get(path, { ...query, after, limit: String(PAGE_MAX) });
    found.push(...(page[part] as T[]));
    after = page.next;
  }
  return found;
}

/** `query`: what is asked for now; asked anew when it changes. Nothing is read while it is null. */
export function usePages<T>(path: () => string, part: string, query: () => Query | null) {
  const items = ref([]) as Ref<T[]>;
  const total = ref<number | null>(null);
  const next = ref<string | null>(null);
  const problem = ref("");
  const loading = ref(false);
  let asking = 0;

  async function read(after: string, limit: number): Promise<void> {
    const asked = query();
    if (asked === null) return;
    const mine = ++asking;
    loading.value = true;
    try {
      const page: Page & { [part: string]: unknown } = await get(path(), { ...asked, after, limit: String(limit) });
      if (mine !== asking) return;
      const found = page[part] as T[];
      items.value = after ? [...items.value, ...found] : found;
      [next.value, total.value, problem.value] = [page.next, page.total ?? null, ""];
    } catch (error) {
      if (mine === asking) problem.value = whyNot(error);
    } finally {
      if (mine === asking) loading.value = false;
    }
  }
  const reload = (): Promise<void> => read("", Math.min(PAGE_MAX, Math.max(PAGE, items.value.length)));
  const more = async (): Promise<void> => {
    if (next.value !== null && !loading.value) await read(next.value, PAGE);
  };
  let typing: ReturnType<typeof setTimeout> | undefined;
  watch(() => JSON.stringify([path(), query()]), () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      items.value.length = Math.min(items.value.length, PAGE);
      void read("", PAGE);
    }, TYPING_MS);
  });
  return { items, total, next, problem, loading, reload, more };
}
