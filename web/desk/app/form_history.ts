// Decides what taking back is while a form is edited: one step a change, where words that are typed in one go are one step.

import { computed, shallowRef } from "vue";
import type { ComputedRef, ShallowRef } from "vue";

const ONE_GO_MS = 1500;
const STEPS_MAX = 200;

export interface History<T> {
  readonly now: ShallowRef<T | null>;
  readonly mayUndo: ComputedRef<boolean>;
  readonly mayRedo: ComputedRef<boolean>;
  /** Something else is edited: nothing before it is brought back. */
  begin(value: T | null): void;
  change(value: T): void;
  undo(): void;
  redo(): void;
}

/** `clock`: milliseconds. */
export function historyOf<T>(clock: () => number): History<T> {
  const now = shallowRef<T | null>(null);
  const before = shallowRef<readonly T[]>([]);
  const after = shallowRef<readonly T[]>([]);
  let typedAt = -Infinity;

  return {
    now,
    mayUndo: computed(() => before.value.length > 0),
    mayRedo: computed(() => after.value.length > 0),
    begin(value) {
      now.value = value;
      before.value = after.value = [];
      typedAt = -Infinity;
    },
    change(value) {
      const typing = shapeOf(value) === shapeOf(now.value);
      const at = clock();
      if (!(typing && at - typedAt < ONE_GO_MS)) before.value = [...before.value.slice(-STEPS_MAX), now.value!];
      typedAt = typing ? at : -Infinity;
      after.value = [];
      now.value = value;
    },
    undo() {
      const last = before.value.at(-1);
      if (last === undefined) return;
      after.value = [now.value!, ...after.value];
      before.value = before.value.slice(0, -1);
      now.value = last;
      typedAt = -Infinity;
    },
    redo() {
      const [next, ...rest] = after.value;
      if (next === undefined) return;
      before.value = [...before.value, now.value!];
      after.value = rest;
      now.value = next;
      typedAt = -Infinity;
    },
  };
}

/** A form without its words. */
function shapeOf(value: unknown): string {
  return JSON.stringify(value, (key, held: unknown) => (key === "zh" || key === "en" ? 0 : held));
}
