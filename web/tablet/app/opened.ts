// Decides what there is while a member has the tablet open: the key, the databases, and what reads and writes them.

import type { Json } from "../../shared/records/json.ts";
import { destroyDatabases, Local } from "../store/databases.ts";
import { Drafts } from "../store/drafts.ts";
import { Notes } from "../store/notes.ts";
import { Outbox } from "../store/outbox.ts";
import { Photos } from "../store/photos.ts";
import { Shelf } from "../store/shelf.ts";
import { nameOf, openTabletDb } from "../store/tablet_db.ts";
import type { TabletDb } from "../store/tablet_db.ts";
import { Writer } from "../store/writer.ts";
import { Server } from "../sync/server.ts";
import type { Own } from "../sync/server.ts";
import { makeRecoverable } from "../vault/keys.ts";
import { Seal } from "../vault/sealing.ts";
import type { Bytes } from "../vault/sealing.ts";
import type { Slot, Slots } from "../vault/slots.ts";

const DAY_MS = 86_400_000;
const FIELD_RECORDS = new Set(["visit", "service", "survey", "event", "activity"]);

/** What the server last said, kept for the time without a network. */
export interface Known {
  zone: string;
  keepDays: number;
}

export function databasesOf(slot: Slot): string[] {
  return ["centre", ...[slot.branch, ...slot.former].filter(Boolean).map((branch) => `branch-${branch}`), "shared"];
}

export class Opened {
  readonly locals: Map<string, Local>;
  readonly notes: Notes;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly photos: Photos;
  readonly shelf: Shelf;
  readonly writer: Writer;
  readonly seal: Seal;
  readonly known: Known;
  /** What brings to the disk what is still in memory; waited for before the place is closed. */
  readonly beforeClosing = new Set<() => Promise<unknown>>();
  server: Server;
  slot: Slot;
  readonly #slots: Slots;
  readonly #db: TabletDb;
  #dataKey: Bytes;

  private constructor(slots: Slots, slot: Slot, db: TabletDb, seal: Seal, dataKey: Bytes, token: string, known: Known) {
    this.#slots = slots;
    this.#db = db;
    this.#dataKey = dataKey;
    this.slot = slot;
    this.seal = seal;
    this.known = known;
    const keeps = (body: { [name: string]: unknown }): boolean => isYoung(body, this.known.keepDays);
    this.locals = new Map(databasesOf(slot).map((name) => [name, new Local(slot.id, name, seal, keeps)]));
    this.notes = new Notes(db, seal);
    this.outbox = new Outbox(db, seal);
    this.drafts = new Drafts(db, seal);
    this.photos = new Photos(db, seal);
    this.shelf = new Shelf(db, seal, this.notes, this.locals, slot.member);
    this.writer = new Writer(this.locals, this.notes, this.outbox, {
      member: slot.member,
      branch: slot.branch,
      tablet: slot.tablet,
      zone: known.zone,
    });
    this.server = new Server(slot.server, token);
  }

  static async open(slots: Slots, slot: Slot, dataKey: Bytes): Promise<Opened> {
    const [db, seal] = await Promise.all([openTabletDb(slot.id), Seal.of(dataKey)]);
    const notes = new Notes(db, seal);
    const token = (await notes.get<string>("token")) ?? "";
    const known = (await notes.get<Known>("known")) ?? { zone: "Asia/Shanghai", keepDays: 400 };
    return new Opened(slots, slot, db, seal, dataKey, token, known);
  }

  /** The token by which the server knows this tablet; another when it enrolled again. */
  async useToken(token: string): Promise<void> {
    await this.notes.set("token", token);
    this.server = new Server(this.slot.server, token);
  }

  /** Keep what the server says of this member and this tablet. True: the member belongs to another branch now. */
  async learn(own: Pick<Own, "zone" | "keep_days" | "name" | "role" | "recovery" | "branch">): Promise<boolean> {
    Object.assign(this.known, { zone: own.zone, keepDays: own.keep_days });
    await this.notes.set("known", this.known);
    const changed: Partial<Slot> = {};
    if (own.name && own.name !== this.slot.name) changed.name = own.name;
    if (own.role !== this.slot.role) changed.role = own.role;
    if (own.recovery !== null && own.recovery.id !== this.slot.recoverable?.id) {
      changed.recovery = own.recovery;
      changed.recoverable = await makeRecoverable(this.#dataKey, this.slot.account, own.recovery);
    }
    const { branch, former } = this.slot;
    const moved = (own.branch ?? "") !== branch;
    if (moved) {
      changed.branch = own.branch ?? "";
      changed.former = [...new Set([...former, branch])].filter((one) => one && one !== own.branch);
    }
    if (Object.keys(changed).length > 0) await this.change(changed);
    return moved;
  }

  /** A branch that was left and waits for nothing any more leaves the tablet. */
  async leave(branch: string): Promise<void> {
    await this.locals.get(`branch-${branch}`)?.destroy();
    this.locals.delete(`branch-${branch}`);
    await this.change({ former: this.slot.former.filter((one) => one !== branch) });
  }

  async change(changed: Partial<Slot>): Promise<void> {
    this.slot = await this.#slots.change(this.slot.id, changed);
  }

  /** Shown where one chooses who one is, while everything else is closed. */
  async countUnsent(): Promise<number> {
    const unsent = (await this.outbox.count()) + (await this.photos.countUnsent());
    if (unsent !== this.slot.unsent) await this.change({ unsent });
    return unsent;
  }

  /** The data key itself, to wrap it under another PIN. */
  get dataKey(): Bytes {
    return this.#dataKey;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.beforeClosing].map((bring) => bring()));
    // The lock screen says what waits to be sent, also of what was written a moment ago. A count that cannot be had keeps nothing open.
    await this.countUnsent().catch(() => undefined);
    this.#dataKey = new Uint8Array();
    for (const local of this.locals.values()) await local.close();
    this.#db.close();
  }
}

/** Whether an error says only that a place was closed while something in it was still asked for: that concerns nobody any more. */
export function isClosed(error: unknown): boolean {
  const { name, message } = (error ?? {}) as { name?: string; message?: string };
  return /database (connection )?is (closing|closed|destroyed)|connection is closing/.test(message ?? "") || name === "InvalidStateError";
}

/** Everything of a slot leaves the tablet: the key first, so that what a crash leaves behind cannot be opened. */
export async function eraseSlot(slots: Slots, slot: Slot): Promise<void> {
  await slots.remove(slot.id);
  await destroyDatabases(slot.id, databasesOf(slot));
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(nameOf(slot.id));
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error("the data could not be erased"));
  });
}

/** Whether a pulled document is young enough to be kept on a tablet; what is no field record always is. */
function isYoung(body: { [name: string]: unknown }, keepDays: number): boolean {
  if (!FIELD_RECORDS.has(String(body["type"]))) return true;
  const fields = (body["fields"] ?? {}) as { [path: string]: Json };
  const period = fields["period"];
  const start = Array.isArray(period) ? Date.parse(String(period[0])) : Number.NaN;
  if (Number.isNaN(start) || start > Date.now() - keepDays * DAY_MS) return true;
  return Object.entries(fields).some(([path, value]) => /^problems\/.*\/state$/.test(path) && (value === "open" || value === "in_hand"));
}
