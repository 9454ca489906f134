// Decides how a tablet that is closed learns what was decided of it: by a word that follows from its token and opens nothing. So a lost
// tablet is locked, or loses what it holds, at its next contact, without anybody's PIN.

import { Server, Unreached } from "../sync/server.ts";
import type { Slot } from "../vault/slots.ts";
import { branchLocked, erase, opened, session } from "./session.ts";

const ASK_EVERY_MS = 600_000;
/** There is a network a moment before the server can be reached over it. */
const FIRST_WAIT_MS = 3_000;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Ask while nobody has the tablet open, from now on. */
export function askWhileClosed(): void {
  void ask(FIRST_WAIT_MS);
  addEventListener("online", () => void ask(FIRST_WAIT_MS));
}

/** Ask for every place on the tablet, and again later: after `wait` ms, and ever more seldom, while the server is not reached. */
async function ask(wait: number): Promise<void> {
  clearTimeout(timer);
  const asks = opened.value === null && navigator.onLine ? session.slots : [];
  const reached = await Promise.all(asks.map(askFor));
  clearTimeout(timer);
  timer = reached.includes(false) ? setTimeout(() => void ask(Math.min(wait * 2, ASK_EVERY_MS)), wait) : setTimeout(() => void ask(FIRST_WAIT_MS), ASK_EVERY_MS);
}

/** Whether the server was reached. */
async function askFor(slot: Slot): Promise<boolean> {
  const server = new Server(slot.server, "");
  const asked = { tablet: slot.tablet, beacon: slot.beacon };
  try {
    const { state } = await server.json<{ state: string }>("POST", "/api/v1/tablets/beacon", asked);
    if (state === "wipe") {
      await erase(slot);
      await server.json("POST", "/api/v1/tablets/beacon", { ...asked, wiped: true });
    } else if ((state === "locked") !== slot.locked) await branchLocked(slot, state === "locked");
  } catch (error) {
    // A server that does not know the tablet any more, or cannot be reached: what was decided before holds.
    return !(error instanceof Unreached);
  }
  return true;
}
