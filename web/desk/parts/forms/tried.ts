// Decides with whom and where a form is tried: a made-up household, two made-up members, a place, now. Nothing of it is kept.

import { reactive } from "vue";
import type { Setting } from "../../../shared/inputs/setting.ts";
import { say } from "../../../shared/ui/say.ts";
import { zoneName } from "../../app/clock.ts";

export const HOUSEHOLD = "household:00000000000000000000000000";
export const PLACE: readonly number[] = [327_000_000, 1_109_000_000, 12];
export const PROBLEM = "tried";

interface Person {
  id: string;
  me: boolean;
}
/** The first is who tries the form. */
export const PEOPLE: readonly Person[] = [
  { id: "m0001", me: true },
  { id: "m0002", me: false },
];

export function personName(id: string): string {
  return id === "m0001" ? say("李明（示例）", "Li Ming (example)") : say("张华（示例）", "Zhang Hua (example)");
}

export function branchName(): string {
  return say("第一党支部（示例）", "First branch (example)");
}

export function householdName(): string {
  return say("王秀英户（示例）", "Wang Xiuying's household (example)");
}

export function householdPlace(): string {
  return say("桐坪村五组 12 号", "12, fifth group, Tongping");
}

/** Where the inputs of a tried form stand. `place` is told the made-up place when it is looked for. */
export function triedSetting(place: () => void): Setting {
  const locator: Setting["locator"] = reactive({
    state: "found",
    start() {
      place();
    },
    stop() {},
  });
  return {
    get zone() {
      return zoneName();
    },
    phrases: async () => [say("家中一切正常", "All is well at home"), say("已告知所需材料", "Told which papers are needed")],
    locator,
    setPlaceless() {},
  };
}
