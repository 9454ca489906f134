// Decides how the bytes of photos lie on the tablet: sealed, outside PouchDB, until the branch has them and for as long as they are kept.

import type { Bytes, Seal } from "../vault/sealing.ts";
import type { PhotoRow, TabletDb } from "./tablet_db.ts";

export class Photos {
  readonly #db: TabletDb;
  readonly #seal: Seal;

  constructor(db: TabletDb, seal: Seal) {
    this.#db = db;
    this.#seal = seal;
  }

  async put(id: string, record: string, bytes: Bytes, at: number): Promise<void> {
    const sealed = await this.#seal.bytes(bytes, id);
    await this.#db.put("photos", { id, record, at, bytes: bytes.length, unsent: 1, sealed });
  }

  /** Null when its bytes are not on this tablet. */
  async get(id: string): Promise<Bytes | null> {
    const row = await this.#db.get("photos", id);
    return row === undefined ? null : this.#seal.openBytes(row.sealed, id);
  }

  /** What the branch does not have yet, the oldest first. */
  async unsent(): Promise<Pick<PhotoRow, "id" | "record" | "bytes">[]> {
    const rows = await this.#db.getAllFromIndex("photos", "by_unsent", 1);
    return rows.sort((one, other) => one.at - other.at).map(({ id, record, bytes }) => ({ id, record, bytes }));
  }

  async countUnsent(): Promise<number> {
    return this.#db.countFromIndex("photos", "by_unsent", 1);
  }

  async of(record: string): Promise<string[]> {
    return this.#db.getAllKeysFromIndex("photos", "by_record", record);
  }

  async sent(id: string): Promise<void> {
    const transaction = this.#db.transaction("photos", "readwrite");
    const row = await transaction.store.get(id);
    if (row !== undefined) await transaction.store.put({ ...row, unsent: 0 });
    await transaction.done;
  }

  /** Sent again after a server was restored. */
  async unsend(): Promise<void> {
    const transaction = this.#db.transaction("photos", "readwrite");
    for await (const cursor of transaction.store) await cursor.update({ ...cursor.value, unsent: 1 });
    await transaction.done;
  }

  async remove(id: string): Promise<void> {
    await this.#db.delete("photos", id);
  }
}
