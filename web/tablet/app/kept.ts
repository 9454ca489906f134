// Decides what a list remembers while the tablet is open: what one was looking for and how far one had come, so that going back is going back.

import { reactive, watch } from "vue";
import { opened } from "./session.ts";

const kept = new Map<string, object>();
watch(opened, () => kept.clear());

/** The filters of a list, as they were when it was last left. */
export function keptFilters<T extends object>(list: string, fresh: T): T {
  const held = (kept.get(list) as T | undefined) ?? (reactive(fresh) as T);
  kept.set(list, held);
  return held;
}
