// Decides what inputs know of where they stand: on a tablet within a record, or on the desk where a form is tried. Whoever shows a form provides it.

import { inject, provide } from "vue";
import type { InjectionKey } from "vue";

export interface Setting {
  /** The centre's, in which moments are shown. */
  readonly zone: string;
  /** What is offered for one tap below a text at this path. */
  phrases(path: string): Promise<string[]>;
  /** What finds the place of the record: it runs on while steps come and go. */
  readonly locator: Locator;
  /** Whether the record is to be without a place, so that none is looked for by itself. */
  setPlaceless(placeless: boolean): void;
}

export interface Locator {
  state: "" | "looking" | "found" | "later" | "denied";
  start(): void;
  stop(): void;
}

const KEY: InjectionKey<Setting> = Symbol("setting");

export function provideSetting(setting: Setting): void {
  provide(KEY, setting);
}

export function useSetting(): Setting {
  return inject(KEY)!;
}
