// Decides how single things are noted beside the records: sealed, one value under a name.

import type { Bytes, Seal } from "../vault/sealing.ts";
import type { TabletDb } from "./tablet_db.ts";

export class Notes {
  readonly #db: TabletDb;
  readonly #seal: Seal;

  constructor(db: TabletDb, seal: Seal) {
    this.#db = db;
    this.#seal = seal;
  }

  async get<T>(name: string): Promise<T | null> {
    const sealed = (await this.#db.get("notes", name)) as Bytes | undefined;
    return sealed === undefined ? null : this.#seal.openJson<T>(sealed, `note ${name}`);
  }

  async set(name: string, value: unknown): Promise<void> {
    await this.#db.put("notes", await this.#seal.json(value, `note ${name}`), name);
  }
}
