// Decides with which server a tablet syncs: the addresses that come with the app, the first unless another is chosen. The app's own
// origin and the address of sync are two things.

import { ref } from "vue";

/** "" is the app's own origin. */
export const addresses = ref<string[]>([""]);

/** Asked where one enrols; without an answer the app's own origin is taken. */
export async function loadAddresses(): Promise<void> {
  try {
    const answer = await fetch("./app.json", { cache: "no-store" });
    const told = (await answer.json()) as { servers?: unknown };
    if (Array.isArray(told.servers) && told.servers.length > 0) addresses.value = told.servers.map(String);
  } catch {
    // No network, or a plain file server that has no such file.
  }
}
