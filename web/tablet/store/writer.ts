// Decides how a change is written: noted in the outbox first, stamped, made on the join of all leaves that are here.

import { join, stampsOf } from "../../shared/records/body.ts";
import type { Body } from "../../shared/records/body.ts";
import { create, edit, remove } from "../../shared/records/edit.ts";
import type { Json } from "../../shared/records/json.ts";
import { nextStamp } from "../../shared/records/stamps.ts";
import { ruleOf, typeInfo } from "../../shared/records/schema.ts";
import type { Leaf, Local } from "./databases.ts";
import type { Notes } from "./notes.ts";
import type { Outbox } from "./outbox.ts";

export interface Who {
  member: string;
  branch: string;
  tablet: string;
  zone: string;
}

type Values = { readonly [path: string]: Json };

export class Writer {
  readonly #locals: ReadonlyMap<string, Local>;
  readonly #notes: Notes;
  readonly #outbox: Outbox;
  readonly #who: Who;
  readonly #now: () => number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(locals: ReadonlyMap<string, Local>, notes: Notes, outbox: Outbox, who: Who, now: () => number = Date.now) {
    this.#locals = locals;
    this.#notes = notes;
    this.#outbox = outbox;
    this.#who = who;
    this.#now = now;
  }

  /** A new document, or the same again when it is there already: then only what differs is written. */
  async create(db: string, type: string, id: string, fields: Values, form = ""): Promise<void> {
    const values = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    await this.#inTurn(async () => {
      const leaves = await this.#local(db).leaves(id);
      if (leaves.length > 0) return this.#write(db, id, leaves, (bodies, stamp) => edit(bodies, values, stamp, ruleOf));
      const { member, branch, tablet, zone } = this.#who;
      const envelope: Body = { type, version: typeInfo(type).version, branch, author: member, device: tablet, zone, ...(form ? { form } : {}) };
      await this.#outbox.note(db, id, this.#now());
      await this.#local(db).write(id, create(envelope, values, await this.#stamp([])), null);
    });
  }

  async edit(db: string, id: string, changes: Values): Promise<void> {
    await this.#inTurn(async () => {
      await this.#write(db, id, await this.#local(db).leaves(id), (bodies, stamp) => edit(bodies, changes, stamp, ruleOf));
    });
  }

  /** Withdraw an item (`problems/01K9…`), or the record (""). */
  async withdraw(db: string, id: string, item: string, reason: string): Promise<void> {
    await this.#inTurn(async () => {
      await this.#write(db, id, await this.#local(db).leaves(id), (bodies, stamp) => remove(bodies, item, stamp, reason, ruleOf));
    });
  }

  /** What a document says here, all its leaves joined; null when it is not here. */
  async read(db: string, id: string): Promise<Body | null> {
    const leaves = await this.#local(db).leaves(id);
    return leaves.some((one) => !one.deleted) ? join(leaves.map((one) => one.body), ruleOf) : null;
  }

  async #write(db: string, id: string, leaves: readonly Leaf[], change: (bodies: Body[], stamp: string) => Body): Promise<void> {
    const winner = leaves.find((one) => !one.deleted);
    if (winner === undefined) throw new Error(`${id} is not here any more`);
    const bodies = leaves.map((one) => one.body);
    await this.#outbox.note(db, id, this.#now());
    await this.#local(db).write(id, change(bodies, await this.#stamp(bodies.flatMap((one) => [...stampsOf(one)]))), winner.rev);
  }

  /** The own last stamp is noted before it is used, so that no two edits of this tablet bear the same. */
  async #stamp(seen: Iterable<string>): Promise<string> {
    const last = (await this.#notes.get<string>("stamp")) ?? "";
    const [random] = crypto.getRandomValues(new Uint32Array(1));
    const stamp = nextStamp(this.#now(), last, seen, this.#who.tablet, this.#who.member, random!);
    await this.#notes.set("stamp", stamp);
    return stamp;
  }

  #local(db: string): Local {
    const found = this.#locals.get(db);
    if (found === undefined) throw new Error(`there is no database ${db} on this tablet`);
    return found;
  }

  /** Work that nothing may be written during. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(work);
  }

  /** One write after the other: each is made on what the one before has left. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.catch(() => undefined).then(work);
    this.#turn = turn;
    return turn;
  }
}
