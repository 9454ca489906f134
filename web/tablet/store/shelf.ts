// Decides what lists show: a projection of the replicated documents into cards. Disposable: without its notes it is made anew.

import { text } from "../../shared/records/json.ts";
import type { Json } from "../../shared/records/json.ts";
import type { Body } from "../../shared/records/body.ts";
import { seenHash } from "../../shared/records/approval.ts";
import { cardOf } from "../records/cards.ts";
import type { Card } from "../../shared/records/card.ts";
import { isRecordType } from "../../shared/records/schema.ts";
import { isOpen, standingOfProblems } from "../records/problems.ts";
import { stateOf, TODO } from "../records/states.ts";
import type { Seal } from "../vault/sealing.ts";
import type { Changed, Local } from "./databases.ts";
import type { Notes } from "./notes.ts";
import type { CardRow, TabletDb, Todo } from "./tablet_db.ts";

const PAGE_CHANGES = 200;
/** How a card is made. Raised when cards hold more than before: then all are made anew. */
const SHAPE = 3;

/** What can be said of a card while it is closed. */
export type Head = Pick<CardRow, "id" | "type" | "at">;

export class Shelf {
  readonly #db: TabletDb;
  readonly #seal: Seal;
  readonly #notes: Notes;
  readonly #locals: ReadonlyMap<string, Local>;
  readonly #member: string;
  readonly #listeners = new Set<() => void>();
  #subjects: Promise<Map<string, Card>> | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(db: TabletDb, seal: Seal, notes: Notes, locals: ReadonlyMap<string, Local>, member: string) {
    this.#db = db;
    this.#seal = seal;
    this.#notes = notes;
    this.#locals = locals;
    this.#member = member;
  }

  /** Called after each change of what lists show. Returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Take in what changed in the documents. One at a time; whoever calls waits until what was there is shown. */
  follow(): Promise<void> {
    this.#running = this.#running.catch(() => undefined).then(() => this.#follow());
    return this.#running;
  }

  /** The newest of a type first; `before`: what was shown last. */
  async list(type: string, limit: number, before: { at: string; id: string } | null = null): Promise<Card[]> {
    const range = IDBKeyRange.bound([type], [type, before?.at ?? "\uffff"]);
    const rows: CardRow[] = [];
    let cursor = await this.#db.transaction("cards").store.index("by_type").openCursor(range, "prev");
    while (cursor && rows.length < limit) {
      const row = cursor.value;
      if (before === null || row.at < before.at || (row.at === before.at && row.id < before.id)) rows.push(row);
      cursor = await cursor.continue();
    }
    return this.#openAll(rows);
  }

  /** Cards of a type whose time lies in [from, until), the newest first. */
  async between(type: string, from: string, until: string): Promise<Card[]> {
    const rows = await this.#db.getAllFromIndex("cards", "by_type", IDBKeyRange.bound([type, from], [type, until], false, true));
    return this.#openAll(rows.reverse());
  }

  /** Ids of a type in the order of `list`: what a long list scrolls through without opening every card. */
  async keys(type: string): Promise<string[]> {
    return (await this.#db.getAllKeysFromIndex("cards", "by_type", IDBKeyRange.bound([type], [type, "\uffff"]))).reverse();
  }

  /** What a long list of several types scrolls through, the newest first, without opening any card. */
  async heads(types: readonly string[]): Promise<Head[]> {
    const all = await Promise.all(types.map((type) => this.#db.getAllFromIndex("cards", "by_type", IDBKeyRange.bound([type], [type, "\uffff"]))));
    const heads = all.flat().map(({ id, type, at }) => ({ id, type, at }));
    return heads.sort((one, other) => (one.at === other.at ? (one.id < other.id ? 1 : -1) : one.at < other.at ? 1 : -1));
  }

  async count(type: string): Promise<number> {
    return this.#db.countFromIndex("cards", "by_type", IDBKeyRange.bound([type], [type, "\uffff"]));
  }

  async get(id: string): Promise<Card | null> {
    const row = await this.#db.get("cards", id);
    return row === undefined ? null : this.#open(row);
  }

  async getAll(ids: readonly string[]): Promise<(Card | null)[]> {
    return Promise.all(ids.map((id) => this.get(id)));
  }

  /** What accompanies a record, or follows it up; what was recorded about a subject, or for a joint survey. The oldest first. */
  async about(id: string): Promise<Card[]> {
    return this.#openAll(await this.#db.getAllFromIndex("cards", "by_ref", referring(id)));
  }

  /** The last records about a subject, the newest first. */
  async lastAbout(id: string, limit: number): Promise<Card[]> {
    const rows: CardRow[] = [];
    let cursor = await this.#db.transaction("cards").store.index("by_ref").openCursor(referring(id), "prev");
    while (cursor && rows.length < limit) {
      if (isRecordType(cursor.value.type)) rows.push(cursor.value);
      cursor = await cursor.continue();
    }
    return this.#openAll(rows);
  }

  /** What this member has to look at. */
  async todo(why: Todo): Promise<Card[]> {
    return this.#openAll(await this.#db.getAllFromIndex("cards", "by_todo", why));
  }

  async countTodo(why: Todo): Promise<number> {
    return this.#db.countFromIndex("cards", "by_todo", why);
  }

  /** Everybody and everything that is visited: kept in memory, since it is searched by every letter typed. */
  async subjects(): Promise<Map<string, Card>> {
    this.#subjects ??= this.between("subject", "", "\uffff").then((cards) => new Map(cards.map((card) => [card.id, card])));
    return this.#subjects;
  }

  /** How records stand changed without a document having changed: the outbox did. */
  async refresh(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    this.#running = this.#running.catch(() => undefined).then(() => this.#restate(new Set(ids)));
    await this.#running;
    this.#tell();
  }

  /** Documents that left the tablet. */
  async drop(ids: readonly string[]): Promise<void> {
    const transaction = this.#db.transaction("cards", "readwrite");
    for (const id of ids) await transaction.store.delete(id);
    await transaction.done;
    this.#subjects = null;
    this.#tell();
  }

  async #follow(): Promise<void> {
    let moved = false;
    if ((await this.#notes.get<number>("shelf shape")) !== SHAPE) {
      await this.#db.clear("cards");
      for (const name of this.#locals.keys()) await this.#notes.set(`shelf ${name}`, "");
      await this.#notes.set("shelf shape", SHAPE);
    }
    for (const [name, local] of this.#locals) {
      for (;;) {
        const since = (await this.#notes.get<string>(`shelf ${name}`)) ?? "";
        const { changes, seq } = await local.changes(since, PAGE_CHANGES);
        if (changes.length === 0) break;
        await this.#take(local, changes);
        await this.#notes.set(`shelf ${name}`, seq);
        moved = true;
      }
    }
    if (moved) this.#tell();
  }

  async #take(local: Local, changes: readonly Changed[]): Promise<void> {
    const winners = await local.winners(changes.map((one) => one.id));
    const affected = new Set<string>();
    const rows: CardRow[] = [];
    const gone: string[] = [];
    for (const [at, { id }] of changes.entries()) {
      const winner = winners[at];
      if (!winner) {
        gone.push(id);
        continue;
      }
      const card = cardOf(id, local.name, winner.leaf.body, winner.leaves);
      if (card.type === "subject") this.#subjects = null;
      if (isRecordType(card.type)) affected.add(id);
      if (card.about) affected.add(card.about);
      for (const [problem] of (card["followed"] as [string, string][] | undefined) ?? []) affected.add(problem.split("#")[0]!);
      if (card.type === "activity") for (const record of card["records"] as string[]) affected.add(record);
      if (card.type === "activity_record" && card.state === "approved") {
        for (const activity of await this.getAll(card["activities"] as string[])) {
          for (const record of (activity?.["records"] as string[] | undefined) ?? []) affected.add(record);
        }
      }
      rows.push(await this.#row(card, []));
    }
    const transaction = this.#db.transaction("cards", "readwrite");
    for (const row of rows) void transaction.store.put(row);
    for (const id of gone) void transaction.store.delete(id);
    await transaction.done;
    await this.#restate(affected);
  }

  /** Work out again how these records stand. */
  async #restate(ids: Iterable<string>): Promise<void> {
    const rows: CardRow[] = [];
    const approved = await this.#approved();
    for (const id of ids) {
      const card = await this.get(id);
      if (card === null || !isRecordType(card.type)) continue;
      const around = await this.about(id);
      const reviews = around.filter((one) => one.type === "review");
      const waiting = await this.#db.get("outbox", `${card.db}|${id}`);
      const body = reviews.length > 0 ? await this.#body(card) : {};
      const digests = around.filter((one) => one.type === "photo" && !one.removed).map((one) => text(one["digest"]));
      const state = stateOf(card, {
        waiting: waiting !== undefined,
        refused: waiting?.refused !== undefined,
        reviews,
        check: around.find((one) => one.type === "check") ?? null,
        inMonth: around.some((one) => one.type === "activity" && approved.has(one.id)),
        seen: () => `sha256-${seenHash(body, digests)}`,
      });
      const mine = card.author === this.#member || (card["participants"] as string[]).includes(this.#member);
      const problems = standingOfProblems(card, around);
      const open = problems.some((one) => isOpen(one.state));
      const todo: Todo[] = card.removed || !mine ? [] : [...(TODO.has(state) ? (["correct"] as const) : []), ...(open ? (["problem"] as const) : [])];
      rows.push(await this.#row({ ...card, state, problems: problems as unknown as Json }, todo));
    }
    const transaction = this.#db.transaction("cards", "readwrite");
    for (const row of rows) void transaction.store.put(row);
    await transaction.done;
  }

  async #body(card: Card): Promise<Body> {
    const [winner] = (await this.#locals.get(card.db)?.winners([card.id])) ?? [];
    return winner?.leaf.body ?? {};
  }

  /** Activities that an approved month lists. */
  async #approved(): Promise<Set<string>> {
    const months = await this.between("activity_record", "", "\uffff");
    return new Set(months.filter((one) => one.state === "approved").flatMap((one) => one["activities"] as string[]));
  }

  async #row(card: Card, todo: Todo[]): Promise<CardRow> {
    const sealed = await this.#seal.json(card, `card ${card.id}`);
    const followed = ((card["followed"] as [string, string][] | undefined) ?? []).map(([problem]) => problem.split("#")[0]!);
    const joined = card.type === "activity" ? (card["records"] as string[]) : [];
    const targets = new Set([card.about, card.subject, text(card["case"]), ...followed, ...joined].filter(Boolean));
    const refs = [...targets].map((target) => `${target}|${card.at}`);
    return { id: card.id, db: card.db, type: card.type, at: card.at, refs, todo, sealed };
  }

  async #open(row: CardRow): Promise<Card> {
    return this.#seal.openJson<Card>(row.sealed, `card ${row.id}`);
  }

  async #openAll(rows: readonly CardRow[]): Promise<Card[]> {
    return Promise.all(rows.map((row) => this.#open(row)));
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The range of the references to an id, in the order of time. */
function referring(id: string): IDBKeyRange {
  return IDBKeyRange.bound(`${id}|`, `${id}|\uffff`);
}
