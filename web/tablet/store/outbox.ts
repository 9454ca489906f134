// Decides what may not have arrived: every document written here is noted before it is written, and struck off only when the server
// says that it has it. What the server refused stays, with the reason.

import type { TabletDb } from "./tablet_db.ts";
import type { Seal } from "../vault/sealing.ts";

export interface Refusal {
  code: string;
  zh: string;
  en: string;
}

export interface Waiting {
  db: string;
  id: string;
  at: number;
  refused: Refusal | null;
}

export class Outbox {
  readonly #db: TabletDb;
  readonly #seal: Seal;

  constructor(db: TabletDb, seal: Seal) {
    this.#db = db;
    this.#seal = seal;
  }

  /** Before the document is written: a tablet that dies in between has one note too many, never one too few. */
  async note(db: string, id: string, at: number): Promise<void> {
    await this.noteAll(db, [id], at);
  }

  async noteAll(db: string, ids: readonly string[], at: number): Promise<void> {
    const transaction = this.#db.transaction("outbox", "readwrite");
    for (const id of ids) {
      const held = await transaction.store.get(keyOf(db, id));
      await transaction.store.put({ key: keyOf(db, id), db, id, at: held?.at ?? at });
    }
    await transaction.done;
  }

  async all(): Promise<Waiting[]> {
    const rows = await this.#db.getAll("outbox");
    return Promise.all(
      rows.map(async ({ key, db, id, at, refused }) => ({
        db,
        id,
        at,
        refused: refused === undefined ? null : await this.#seal.openJson<Refusal>(refused, key),
      })),
    );
  }

  async has(db: string, id: string): Promise<boolean> {
    return (await this.#db.count("outbox", keyOf(db, id))) > 0;
  }

  async count(): Promise<number> {
    return this.#db.count("outbox");
  }

  async refused(db: string, id: string, refusal: Refusal): Promise<void> {
    const key = keyOf(db, id);
    const sealed = await this.#seal.json(refusal, key);
    const transaction = this.#db.transaction("outbox", "readwrite");
    const held = await transaction.store.get(key);
    await transaction.store.put({ key, db, id, at: held?.at ?? 0, refused: sealed });
    await transaction.done;
  }

  /** The server has said so. */
  async arrived(db: string, ids: readonly string[]): Promise<void> {
    const transaction = this.#db.transaction("outbox", "readwrite");
    for (const id of ids) await transaction.store.delete(keyOf(db, id));
    await transaction.done;
  }
}

/** A refusal as the server words it, `code: Chinese / English`. */
export function readRefusal(reason: string): Refusal {
  const found = /^([a-z_]+): (.*) \/ (.*)$/s.exec(reason);
  if (found === null) return { code: "refused", zh: reason || "服务器拒收", en: reason || "the server refused it" };
  return { code: found[1]!, zh: found[2]!, en: found[3]! };
}

function keyOf(db: string, id: string): string {
  return `${db}|${id}`;
}
