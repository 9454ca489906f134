// Decides by which name inputs find the one locator of a record: it runs on while steps come and go.

import type { InjectionKey } from "vue";
import type { Locator } from "../../write/locating.ts";

export const LOCATOR: InjectionKey<Locator> = Symbol("locator");
