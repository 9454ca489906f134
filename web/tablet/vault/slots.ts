// Decides which members this tablet knows, and how fast PINs may be tried. A slot is one member's place on the tablet: what can be
// said of it while it is closed, and the wrapped key that opens it.

import { openDB } from "idb";
import type { DBSchema, IDBPDatabase } from "idb";
import { newDeviceKey } from "./keys.ts";
import type { Recoverable, RecoveryKey, Wrapped } from "./keys.ts";

export interface Slot {
  id: string;
  account: string;
  member: string;
  /** The member's name, as shown where one chooses who one is. */
  name: string;
  branch: string;
  /** Branches that the member has left and that may still wait for something written before. */
  former: string[];
  role: string;
  /** The address that is synced with; "" is where the app itself comes from. */
  server: string;
  tablet: string;
  wrapped: Wrapped;
  recoverable: Recoverable | null;
  /** The public half, so that a rescue file can be written while everything else fails. */
  recovery: RecoveryKey | null;
  /** Wrong PINs since the last right one, and until when (ms since 1970) no other is taken. */
  wrong: number;
  until: number;
  /** Records that are on this tablet only, so that nobody clears it unknowingly. */
  unsent: number;
  /** The word by which a closed tablet asks what was decided of it. */
  beacon: string;
  /** The branch has locked this tablet: no PIN opens it until it is unlocked there. */
  locked: boolean;
}

interface Schema extends DBSchema {
  device: { key: string; value: CryptoKey };
  slots: { key: string; value: Slot };
}

/** Tries without a wait; each one after doubles the wait, from half a minute to an hour. */
const FREE_TRIES = 4;
const FIRST_WAIT_MS = 30_000;
const WAIT_MS_MAX = 3_600_000;

export class Slots {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  static async open(): Promise<Slots> {
    const db = await openDB<Schema>("fieldbook", 1, {
      upgrade(made) {
        made.createObjectStore("device");
        made.createObjectStore("slots", { keyPath: "id" });
      },
    });
    return new Slots(db);
  }

  async all(): Promise<Slot[]> {
    return this.#db.getAll("slots");
  }

  async put(slot: Slot): Promise<void> {
    await this.#db.put("slots", slot);
  }

  async change(id: string, change: Partial<Slot>): Promise<Slot> {
    const transaction = this.#db.transaction("slots", "readwrite", { durability: "strict" });
    const held = await transaction.store.get(id);
    if (held === undefined) throw new Error(`there is no slot ${id}`);
    const slot = { ...held, ...change };
    await transaction.store.put(slot);
    await transaction.done;
    return slot;
  }

  async remove(id: string): Promise<void> {
    await this.#db.delete("slots", id);
  }

  async deviceKey(): Promise<CryptoKey> {
    const held = await this.#db.get("device", "key");
    if (held !== undefined) return held;
    const made = await newDeviceKey();
    // Another page may have made one meanwhile: the first stays.
    const transaction = this.#db.transaction("device", "readwrite", { durability: "strict" });
    const there = await transaction.store.get("key");
    if (there === undefined) await transaction.store.put(made, "key");
    await transaction.done;
    return there ?? made;
  }
}

/** What a wrong PIN costs: noted before the next can be tried, so that killing the app gains nothing. */
export function afterWrongPin(slot: Slot, now: number): Pick<Slot, "wrong" | "until"> {
  const wrong = slot.wrong + 1;
  const doublings = wrong - FREE_TRIES;
  return { wrong, until: doublings < 0 ? 0 : now + Math.min(FIRST_WAIT_MS * 2 ** doublings, WAIT_MS_MAX) };
}

/** Milliseconds until a PIN may be tried again. A clock that was put back does not prolong a wait beyond the longest. */
export function waits(slot: Slot, now: number): number {
  return Math.min(Math.max(slot.until - now, 0), WAIT_MS_MAX);
}
