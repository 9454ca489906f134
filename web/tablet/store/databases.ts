// Decides how documents lie in PouchDB and travel: sealed on the tablet, open on the wire. The one file that knows PouchDB.

import HttpPouch from "pouchdb-adapter-http";
import IndexeddbPouch from "pouchdb-adapter-indexeddb";
import PouchDB from "pouchdb-core";
import replication from "pouchdb-replication";
import type { Body } from "../../shared/records/body.ts";
import { fromBase64, toBase64 } from "../vault/sealing.ts";
import type { Seal } from "../vault/sealing.ts";

PouchDB.plugin(IndexeddbPouch).plugin(HttpPouch).plugin(replication);

/** A revision that is a leaf of its document; `body` is without members that begin with an underscore. */
export interface Leaf {
  rev: string;
  deleted: boolean;
  body: Body;
}

export interface Changed {
  id: string;
  deleted: boolean;
  /** Living leaves, the winner first. */
  revs: string[];
}

export interface Changes {
  changes: Changed[];
  seq: string;
}

/** What the other side would not take, and why. `revs`: the leaves that were offered. */
export interface Refused {
  id: string;
  revs: string[];
  reason: string;
}

type Raw = { [name: string]: unknown };
type Pouch = PouchDB.Database & { bulkDocs: any; bulkGet: any; revsDiff: any; purge: any; close: any; destroy: any };

/** Sent: so many are lost with a request that breaks. Asked for: a batch costs four answers one after another, and a page of 400 is some 100 kB. */
const PUSHED_DOCUMENTS = 100;
const PULLED_DOCUMENTS = 400;
const POUCH_OPTIONS = { adapter: "indexeddb", auto_compaction: true, revs_limit: 1000 };

/** One replicated database of one member, as it lies on this tablet. */
export class Local {
  readonly name: string;
  readonly #pouch: Pouch;
  readonly #seal: Seal;
  /** Which pulled documents are kept; what is too old to be kept here is not written at all. */
  readonly #keeps: (body: Raw) => boolean;

  constructor(slot: string, name: string, seal: Seal, keeps: (body: Raw) => boolean = () => true) {
    this.name = name;
    this.#seal = seal;
    this.#keeps = keeps;
    this.#pouch = sealing(new PouchDB(pouchName(slot, name), POUCH_OPTIONS as object) as Pouch, seal, (body) => this.#keeps(body));
  }

  /** The leaves of a document, ended ones too, the winner first; none when it is not here. */
  async leaves(id: string): Promise<Leaf[]> {
    let found: { ok?: Raw }[];
    try {
      found = (await this.#pouch.get(id, { open_revs: "all" } as object)) as unknown as { ok?: Raw }[];
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
    const leaves = await Promise.all(
      found.filter((one) => one.ok).map(async ({ ok }) => this.#leaf(id, ok as Raw)),
    );
    return leaves.sort(byWinning);
  }

  /** The winners of these documents, with how many living leaves each has; a deleted or missing one is null. */
  async winners(ids: readonly string[]): Promise<({ leaf: Leaf; leaves: number } | null)[]> {
    if (ids.length === 0) return [];
    const { rows } = (await this.#pouch.allDocs({ keys: [...ids], include_docs: true, conflicts: true } as object)) as unknown as {
      rows: { id?: string; doc?: Raw | null }[];
    };
    return Promise.all(
      rows.map(async ({ doc }) => {
        if (!doc || doc["_deleted"]) return null;
        const others = (doc["_conflicts"] as string[] | undefined) ?? [];
        return { leaf: await this.#leaf(String(doc["_id"]), doc), leaves: 1 + others.length };
      }),
    );
  }

  /** Write a revision onto `parent` (null: a new document). Returns its id. Throws when the parent is no leaf any more. */
  async write(id: string, body: Body, parent: string | null): Promise<string> {
    const doc: Raw = { ...body, _id: id };
    if (parent !== null) doc["_rev"] = parent;
    const [result] = (await this.#pouch.bulkDocs([doc])) as { ok?: true; rev: string; message?: string }[];
    if (!result?.ok) throw new Error(`${id} could not be written: ${result?.message ?? "no answer"}`);
    return result.rev;
  }

  async changes(since: string, limit: number): Promise<Changes> {
    const found = (await this.#pouch.changes({ since: Number(since) || 0, limit, style: "all_docs" } as object)) as unknown as {
      results: { id: string; deleted?: boolean; changes: { rev: string }[] }[];
      last_seq: number | string;
    };
    const changes = found.results.map((one) => ({
      id: one.id,
      deleted: one.deleted ?? false,
      revs: one.changes.map((change) => change.rev),
    }));
    return { changes, seq: String(found.last_seq) };
  }

  /** Offer everything that is here. What is refused is told where it is offered by itself. */
  async push(to: Remote, onMoved: (documents: number) => void): Promise<void> {
    await position(PouchDB.replicate(this.#pouch, to.pouch, { batch_size: PUSHED_DOCUMENTS, batches_limit: 2 }), onMoved);
  }

  /** Offer these documents and nothing else: neither the whole feed is gone through nor what came from there compared with it. */
  async pushSome(to: Remote, ids: readonly string[], onMoved: (documents: number) => void): Promise<Refused[]> {
    const refused: Refused[] = [];
    let moved = 0;
    for (let at = 0; at < ids.length; at += PUSHED_DOCUMENTS) {
      const docs = await this.withHistory(ids.slice(at, at + PUSHED_DOCUMENTS));
      const held: { [id: string]: string[] } = {};
      for (const doc of docs) (held[String(doc["_id"])] ??= []).push(String(doc["_rev"]));
      const lacking = (await to.pouch.revsDiff(held)) as { [id: string]: { missing?: string[] } };
      const missing = docs.filter((doc) => lacking[String(doc["_id"])]?.missing?.includes(String(doc["_rev"])));
      if (missing.length === 0) continue;
      const errors = (await to.pouch.bulkDocs({ docs: missing, new_edits: false })) as { id: string; error?: string; reason?: string }[];
      for (const { id, error, reason } of errors) if (error) refused.push({ id, revs: held[id] ?? [], reason: reason ?? "" });
      onMoved((moved += missing.length));
    }
    return refused;
  }

  /** Whether nothing was ever written into it. */
  async isNew(): Promise<boolean> {
    return (await this.#pouch.info()).update_seq === 0;
  }

  /** How far it came. */
  async pull(from: Remote, onMoved: (documents: number) => void): Promise<string> {
    return position(PouchDB.replicate(from.pouch, this.#pouch, { batch_size: PULLED_DOCUMENTS, batches_limit: 2 }), onMoved);
  }

  /** Whole documents with their histories, as a rescue file holds them. */
  async withHistory(ids: readonly string[]): Promise<Raw[]> {
    const wanted = [];
    for (const id of ids) for (const leaf of await this.leaves(id)) wanted.push({ id, rev: leaf.rev });
    if (wanted.length === 0) return [];
    const { results } = await this.#pouch.bulkGet({ docs: wanted, revs: true });
    return results.flatMap((one: { docs: { ok?: Raw }[] }) => one.docs.flatMap((doc) => (doc.ok ? [doc.ok] : [])));
  }

  /** Take documents off this tablet for good; the feed tells nobody. */
  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) for (const leaf of await this.leaves(id)) await this.#pouch.purge(id, leaf.rev);
  }

  async close(): Promise<void> {
    await this.#pouch.close();
  }

  async destroy(): Promise<void> {
    await this.#pouch.destroy();
  }

  async #leaf(id: string, raw: Raw): Promise<Leaf> {
    return { rev: String(raw["_rev"]), deleted: Boolean(raw["_deleted"]), body: content(await opened(this.#seal, { ...raw, _id: id })) as Body };
  }
}

/** A database on the server. `fetch` adds the proof of who asks, and counts bytes. */
export class Remote {
  readonly pouch: Pouch;

  constructor(url: string, fetch: typeof globalThis.fetch) {
    this.pouch = new PouchDB(url, { skip_setup: true, fetch } as object) as Pouch;
  }
}

/** Everything of a member that PouchDB holds leaves the tablet. */
export async function destroyDatabases(slot: string, names: Iterable<string>): Promise<void> {
  for (const name of names) await (new PouchDB(pouchName(slot, name), POUCH_OPTIONS as object) as Pouch).destroy();
}

function pouchName(slot: string, name: string): string {
  return `fieldbook-${slot}-${name}`;
}

/** Replication reads with `bulkGet` and writes with `bulkDocs`: there documents are opened and sealed. */
function sealing(pouch: Pouch, seal: Seal, keeps: (body: Raw) => boolean): Pouch {
  const [bulkDocs, bulkGet] = [pouch.bulkDocs.bind(pouch), pouch.bulkGet.bind(pouch)];
  const write = async (given: Raw[] | { docs: Raw[] }, options: Raw): Promise<unknown> => {
    const docs = Array.isArray(given) ? given : given.docs;
    const pulled = (Array.isArray(given) ? options["new_edits"] : (given as Raw)["new_edits"]) === false;
    const kept = pulled ? docs.filter((doc) => doc["_deleted"] || keeps(doc)) : docs;
    if (kept.length === 0) return [];
    const sealed = await Promise.all(kept.map((doc) => sealedDoc(seal, doc)));
    return bulkDocs(Array.isArray(given) ? sealed : { ...given, docs: sealed }, options);
  };
  // PouchDB itself calls it with a callback too.
  pouch.bulkDocs = (given: Raw[] | { docs: Raw[] }, ...rest: unknown[]) => {
    const callback = typeof rest.at(-1) === "function" ? (rest.pop() as (error: unknown, result?: unknown) => void) : null;
    const done = write(given, (rest[0] as Raw | undefined) ?? {});
    if (callback !== null) void done.then((result) => callback(null, result), callback);
    return done;
  };
  pouch.bulkGet = async (options: Raw) => {
    const { results } = await bulkGet(options);
    for (const one of results) for (const doc of one.docs) if (doc.ok) doc.ok = await opened(seal, doc.ok);
    return { results };
  };
  return pouch;
}

async function sealedDoc(seal: Seal, doc: Raw): Promise<Raw> {
  // Checkpoints, which PouchDB reads itself.
  if (String(doc["_id"]).startsWith("_local/")) return doc;
  const inner = content(doc);
  const outer = Object.fromEntries(Object.entries(doc).filter(([name]) => name.startsWith("_")));
  if (Object.keys(inner).length === 0) return outer;
  return { ...outer, s: toBase64(await seal.json(inner, String(doc["_id"]))) };
}

async function opened(seal: Seal, doc: Raw): Promise<Raw> {
  const { s, ...outer } = doc;
  return typeof s === "string" ? { ...(await seal.openJson<Raw>(fromBase64(s), String(doc["_id"]))), ...outer } : outer;
}

function content(doc: Raw): Raw {
  return Object.fromEntries(Object.entries(doc).filter(([name]) => !name.startsWith("_")));
}

async function position(running: PouchDB.Replication.Replication<object>, onMoved: (documents: number) => void): Promise<string> {
  running.on("change", (info) => onMoved(Math.max(info.docs_read, info.docs_written)));
  return String((await running).last_seq);
}

function byWinning(one: Leaf, other: Leaf): number {
  if (one.deleted !== other.deleted) return Number(one.deleted) - Number(other.deleted);
  const [a, b] = [one.rev.split("-"), other.rev.split("-")];
  return Number(b[0]) - Number(a[0]) || (one.rev < other.rev ? 1 : -1);
}

function isMissing(error: unknown): boolean {
  return (error as { status?: number }).status === 404;
}
