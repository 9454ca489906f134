// Decides how a tablet that is closed learns what was decided of it: by a word that follows from its token and opens nothing. So a lost
// tablet is locked, or loses what it holds, at its next contact, without anybody's PIN.

import { Server } from "../sync/server.ts";
import type { Slot } from "../vault/slots.ts";
import { branchLocked, erase, opened, session } from "./session.ts";

const ASK_EVERY_MS = 600_000;

/** Ask while nobody has the tablet open, from now on. */
export function askWhileClosed(): void {
  const ask = (): void => {
    if (opened.value === null && navigator.onLine) for (const slot of session.slots) void askFor(slot);
  };
  ask();
  addEventListener("online", ask);
  setInterval(ask, ASK_EVERY_MS);
}

async function askFor(slot: Slot): Promise<void> {
  const server = new Server(slot.server, "");
  const asked = { tablet: slot.tablet, beacon: slot.beacon };
  try {
    const { state } = await server.json<{ state: string }>("POST", "/api/v1/tablets/beacon", asked);
    if (state === "wipe") {
      await erase(slot);
      await server.json("POST", "/api/v1/tablets/beacon", { ...asked, wiped: true });
    } else if ((state === "locked") !== slot.locked) await branchLocked(slot, state === "locked");
  } catch {
    // No network, or a server that does not know the tablet any more: what was decided before holds.
  }
}
