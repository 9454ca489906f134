// Decides what becomes of what was typed and not finished: a draft, sealed and written at every change, outside the records, so that
// no half-typed word travels and none is lost.

import type { Json } from "../../shared/records/json.ts";
import type { Seal } from "../vault/sealing.ts";
import type { TabletDb } from "./tablet_db.ts";

/** A picture taken for a record that is not finished; `id` is that of its document to be, and of its bytes. */
export interface DraftPhoto {
  id: string;
  digest: string;
  size: number;
  width: number;
  height: number;
  /** When it was taken, UTC. */
  at: string;
  caption: string;
}

export interface Draft {
  /** The id that the record has, or will have. */
  id: string;
  type: string;
  db: string;
  /** The form by which it is filled in. */
  form: string;
  /** A record that is being changed: only what differs from it is in `values`. */
  edits: boolean;
  values: { [path: string]: Json };
  /** Other records made with the same answers, one for each of these subjects, each with the id that it will have. */
  alsoFor: { subject: string; id: string }[];
  /** Pictures whose bytes are kept beside; their documents are written with the record. */
  photos: DraftPhoto[];
  /** Documents of photos that the record is to lose. */
  photosGone: string[];
  /** A place was taken back on purpose: it is not looked for again. */
  placeless: boolean;
  /** Where one was: the step of the screen. */
  step: number;
  /** Milliseconds since 1970. */
  at: number;
}

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
