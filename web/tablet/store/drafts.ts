// Decides what becomes of what was typed and not finished: a draft, sealed and written at every change, outside the records, so that
// no half-typed word travels and none is lost.

import type { Draft } from "../../shared/write/draft.ts";
import type { Seal } from "../vault/sealing.ts";
import type { TabletDb } from "./tablet_db.ts";

export class Drafts {
  readonly #db: TabletDb;
  readonly #seal: Seal;

  constructor(db: TabletDb, seal: Seal) {
    this.#db = db;
    this.#seal = seal;
  }

  async put(draft: Draft): Promise<void> {
    const sealed = await this.#seal.json(draft, `draft ${draft.id}`);
    await this.#db.put("drafts", { id: draft.id, at: draft.at, sealed });
  }

  async get(id: string): Promise<Draft | null> {
    const row = await this.#db.get("drafts", id);
    return row === undefined ? null : this.#seal.openJson<Draft>(row.sealed, `draft ${id}`);
  }

  /** The latest first. */
  async all(): Promise<Draft[]> {
    const rows = await this.#db.getAll("drafts");
    rows.sort((one, other) => other.at - one.at);
    return Promise.all(rows.map((row) => this.#seal.openJson<Draft>(row.sealed, `draft ${row.id}`)));
  }

  async remove(id: string): Promise<void> {
    await this.#db.delete("drafts", id);
  }
}
