// Decides how screens read what lists show: once, and again whenever something changed.

import { onUnmounted, shallowRef } from "vue";
import type { ShallowRef } from "vue";
import type { Opened } from "./opened.ts";
import { opened } from "./session.ts";

/** The answer of `read`, read again after each change; null until it was first read. */
export function useCards<T>(read: (now: Opened) => Promise<T>): { value: ShallowRef<T | null>; again: () => Promise<void> } {
  const value = shallowRef<T | null>(null);
  const now = opened.value;
  if (now === null) return { value, again: async () => undefined };
  let turn = 0;
  const again = async (): Promise<void> => {
    const mine = ++turn;
    const found = await read(now);
    // An answer that was overtaken shows nothing old.
    if (mine === turn) value.value = found;
  };
  onUnmounted(now.shelf.onChange(() => void again()));
  void again();
  return { value, again };
}
