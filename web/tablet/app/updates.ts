// Decides when a new version of the app takes the place of the running one: between records, never in the middle of one.

import { ref } from "vue";
import { busy } from "./router.ts";

const LOOK_EVERY_MS = 3_600_000;

/** A new version is there and waits. */
export const updateWaits = ref(false);
let next: ServiceWorker | null = null;

/** Keeps the app on the tablet, so that it opens without a network. */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  let running = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // The first worker takes over a page that is of its own version already.
    if (running) location.reload();
    running = true;
  });
  const registration = await navigator.serviceWorker.register("./sw.js", { updateViaCache: "none" });
  const look = (): void => {
    next = navigator.serviceWorker.controller === null ? null : registration.waiting;
    updateWaits.value = next !== null;
    updateIfIdle();
  };
  look();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", look));
  setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS);
}

/** Called whenever a screen is left: where nothing is under way, the new version takes over. */
export function updateIfIdle(): void {
  if (next !== null && !busy()) next.postMessage("take over");
}
