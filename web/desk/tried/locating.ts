// Decides how a made-up place is found: as on a tablet, after a moment of looking.

import { onUnmounted, reactive } from "vue";
import type { Locator } from "../../shared/inputs/setting.ts";
import { HERE } from "./around.ts";

const LOOKED_FOR_MS = 700;

/** `found` is called with the place, in 1e-7 degree and metres. */
export function locatorOf(found: (place: readonly number[]) => void): Locator {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const locator: Locator = reactive({
    state: "" as Locator["state"],
    start() {
      locator.state = "looking";
      clearTimeout(timer);
      timer = setTimeout(() => {
        locator.state = "found";
        found(HERE);
      }, LOOKED_FOR_MS);
    },
    stop() {
      clearTimeout(timer);
      if (locator.state === "looking") locator.state = "later";
    },
  });
  onUnmounted(() => clearTimeout(timer));
  return locator;
}
