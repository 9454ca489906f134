// Decides which page has the tablet when the app is open twice: one, the one that was asked for last. Two would each follow the
// same documents and overwrite each other's cards.

import { ref } from "vue";
import { lock } from "./session.ts";

const LOCK = "fieldbook";

/** Another page has the tablet. */
export const elsewhere = ref(false);

/** Resolves once this page has the tablet; it gives it up when another takes it. */
export async function haveAlone(take = false): Promise<void> {
  await new Promise<void>((resolve) => {
    const held = async (granted: Lock | null): Promise<void> => {
      elsewhere.value = granted === null;
      resolve();
      if (granted !== null) await new Promise(() => undefined);
    };
    // A stolen lock rejects the promise of whoever held it.
    navigator.locks.request(LOCK, take ? { steal: true } : { ifAvailable: true }, held).catch(async () => {
      elsewhere.value = true;
      await lock();
    });
  });
}
