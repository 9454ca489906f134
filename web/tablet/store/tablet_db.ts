// Decides what of a member's data lies beside the replicated documents, and in which shape: cards (one a document, for lists), the
// outbox (what may not have arrived), drafts, photos' bytes, and notes. All content is sealed; ids hold nothing personal.

import { openDB } from "idb";
import type { DBSchema, IDBPDatabase } from "idb";
import type { Bytes } from "../vault/sealing.ts";

/** `correct`: returned, refused or faulty; `problem`: something found on a visit is not solved yet. */
export type Todo = "correct" | "problem";

export interface CardRow {
  id: string;
  db: string;
  type: string;
  /** When it was or begins, as sortable text in UTC; the newest come first in lists. */
  at: string;
  /** What it is about, each as `<id>|<at>`: the record that it accompanies, follows up or
   * is made from, the subject that was visited. */
  refs: string[];
  /** Why this member has to look at it. */
  todo: Todo[];
  sealed: Bytes;
}

export interface OutboxRow {
  key: string;
  db: string;
  id: string;
  /** Since when it is on this tablet only, ms. */
  at: number;
  /** Why the server would not take it, sealed; absent while it has not said no. */
  refused?: Bytes;
}

export interface DraftRow {
  id: string;
  at: number;
  sealed: Bytes;
}

export interface PhotoRow {
  id: string;
  record: string;
  at: number;
  bytes: number;
  /** 1 while the branch does not have its bytes. */
  unsent: 0 | 1;
  sealed: Bytes;
}

interface Schema extends DBSchema {
  cards: {
    key: string;
    value: CardRow;
    indexes: { by_type: [string, string]; by_ref: string; by_todo: Todo };
  };
  outbox: { key: string; value: OutboxRow };
  drafts: { key: string; value: DraftRow };
  photos: { key: string; value: PhotoRow; indexes: { by_unsent: 0 | 1; by_record: string } };
  notes: { key: string; value: unknown };
}

export type TabletDb = IDBPDatabase<Schema>;

export async function openTabletDb(slot: string): Promise<TabletDb> {
  return openDB<Schema>(nameOf(slot), 1, {
    upgrade(db) {
      const cards = db.createObjectStore("cards", { keyPath: "id" });
      cards.createIndex("by_type", ["type", "at"]);
      cards.createIndex("by_ref", "refs", { multiEntry: true });
      cards.createIndex("by_todo", "todo", { multiEntry: true });
      db.createObjectStore("outbox", { keyPath: "key" });
      db.createObjectStore("drafts", { keyPath: "id" });
      const photos = db.createObjectStore("photos", { keyPath: "id" });
      photos.createIndex("by_unsent", "unsent");
      photos.createIndex("by_record", "record");
      db.createObjectStore("notes");
    },
  });
}

export function nameOf(slot: string): string {
  return `fieldbook-${slot}`;
}

/** Every write is on the disk before it is answered: a battery that dies loses nothing that was said to be kept. */
export function writeStrictly(): void {
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    return mode === "readwrite" ? begin.call(this, stores, mode, { durability: "strict", ...options }) : begin.call(this, stores, mode, options);
  };
}
