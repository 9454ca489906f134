// Decides what a contact with the server is: hear what was decided of this tablet, push, forget, pull, and tell what is held, so that
// "fully synced" is said only when the server has said it too.

import { typeOfId } from "../../shared/records/schema.ts";
import type { Local } from "../store/databases.ts";
import type { Opened } from "../app/opened.ts";
import { forget, tidy } from "./forget.ts";
import { sendPhotos } from "./lane.ts";
import { push, remote } from "./push.ts";
import { ASKED_MAX } from "./server.ts";
import type { Own, Reported } from "./server.ts";

/** The member belongs to another branch now: the databases must be opened anew before going on. */
export class Moved extends Error {}

/** The branch has locked this tablet, or wants all that it holds erased. */
export class Decided extends Error {
  readonly state: "locked" | "wipe";

  constructor(state: "locked" | "wipe") {
    super(`this tablet is ${state}`);
    this.state = state;
  }
}

export interface Progress {
  step: "asking" | "pushing" | "pulling" | "photos";
  moved: number;
}

export interface Outcome {
  /** The server holds all that this tablet wrote, and this tablet all that it may read. */
  fully: boolean;
  /** How far this tablet's clock is ahead of the server's, in seconds. */
  clockSeconds: number;
  positions: { [db: string]: string };
}

/** One contact. Throws Unreached, Refused, Decided, Moved. */
export async function contact(opened: Opened, mayPhotos: () => boolean, onProgress: (progress: Progress) => void): Promise<Outcome> {
  const { server } = opened;
  onProgress({ step: "asking", moved: 0 });
  const asked = Date.now();
  const own = await server.me();
  // The server's clock lies somewhere between the question and the answer.
  const clockSeconds = Math.round(((asked + Date.now()) / 2 - Date.parse(own.time)) / 1000);
  await heed(opened, own);

  for (const [name, local] of opened.locals) if (name !== "centre") await push(opened, own.store, name, local, onProgress);
  const before = (await opened.notes.get<{ [db: string]: string }>("positions")) ?? {};
  const positions = await unchanged(opened, before);
  for (const [name, local] of opened.locals) if (positions[name] === "") positions[name] = await pull(opened, name, local, onProgress);
  await opened.notes.set("positions", positions);
  await opened.shelf.follow();
  await tidy(opened, own.keep_days);

  let fully = await report(opened, positions, clockSeconds);
  if ((await opened.photos.countUnsent()) > 0 && mayPhotos()) {
    onProgress({ step: "photos", moved: 0 });
    let moved = 0;
    await sendPhotos(opened.photos, server, () => onProgress({ step: "photos", moved: ++moved }));
    fully = await report(opened, positions, clockSeconds);
  }
  await leaveFormer(opened, positions);
  return { fully, clockSeconds, positions };
}

/** A branch that is closed to the member and has everything that was written for it. */
async function leaveFormer(opened: Opened, positions: { [db: string]: string }): Promise<void> {
  if (opened.slot.former.length === 0) return;
  // What is finished in this moment is a draft still, or waits already.
  const left = await opened.writer.between(async () => {
    const begun = new Set((await opened.drafts.all()).map((one) => one.db));
    const waiting = new Set((await opened.outbox.all()).map((one) => one.db));
    const done = opened.slot.former.filter((one) => {
      const db = `branch-${one}`;
      return positions[db] === undefined && !waiting.has(db) && !begun.has(db);
    });
    for (const branch of done) await opened.leave(branch);
    return done;
  });
  if (left.length > 0) throw new Moved("a former branch is done with");
}

/** What the server says of this tablet comes before anything else. */
async function heed(opened: Opened, own: Own): Promise<void> {
  if (own.state !== "active") throw new Decided(own.state);
  if (await opened.learn(own)) throw new Moved(`the member belongs to ${own.branch ?? "no branch"} now`);
  const before = await opened.notes.get<string>("store");
  if (before === own.store) return;
  // Another store, or one that was restored: what it had acknowledged it may lack, so everything written here is asked for again.
  if (before !== null) await ownAgain(opened);
  await opened.notes.set("store", own.store);
}

async function ownAgain(opened: Opened): Promise<void> {
  await opened.photos.unsend();
  for (const [name, local] of opened.locals) {
    if (name === "centre") continue;
    const mine: string[] = [];
    for (let since = ""; ; ) {
      const { changes, seq } = await local.changes(since, 500);
      if (changes.length === 0) break;
      const winners = await local.winners(changes.map((one) => one.id));
      for (const [at, one] of changes.entries()) if (winners[at]?.leaf.body["author"] === opened.slot.member) mine.push(one.id);
      since = seq;
    }
    await opened.outbox.noteAll(name, mine, Date.now());
  }
}

/** How far each database was read where nothing has come since, "" where something has. What was closed is left out, and what may not be read has
 * left. All are asked at once: where an answer takes long, it is these that one waits for. */
async function unchanged(opened: Opened, before: { [db: string]: string }): Promise<{ [db: string]: string }> {
  const positions: { [db: string]: string } = {};
  const asked = [...opened.locals].map(async ([name, local]) => {
    if (!(await forget(opened, name, local))) return;
    positions[name] = before[name] ? ((await opened.server.unchangedSince(name, before[name])) ?? "") : "";
  });
  // None goes on by itself when another has failed.
  const failed = (await Promise.allSettled(asked)).find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return positions;
}

async function pull(opened: Opened, name: string, local: Local, onProgress: (progress: Progress) => void): Promise<string> {
  let followed = 0;
  return local.pull(remote(opened, name), (moved) => {
    onProgress({ step: "pulling", moved });
    if (moved - followed >= 500) {
      followed = moved;
      void opened.shelf.follow();
    }
  });
}

/** Tell what is held; true when the server has all of it, and this tablet all that it may read. */
async function report(opened: Opened, positions: { [db: string]: string }, clockSeconds: number): Promise<boolean> {
  const waiting = await opened.outbox.all();
  const ids: { [db: string]: { [id: string]: string[] } } = {};
  for (const { db, id } of waiting.slice(0, ASKED_MAX)) {
    const leaves = (await opened.locals.get(db)?.leaves(id)) ?? [];
    (ids[db] ??= {})[id] = leaves.map((one) => one.rev);
  }
  const refused = waiting.filter((one) => one.refused !== null).length;
  const oldest = waiting.length > 0 ? new Date(Math.min(...waiting.map((one) => one.at))).toISOString() : null;
  const photos = await opened.photos.countUnsent();
  const space = await navigator.storage?.estimate?.().catch(() => null);
  const told = await opened.server.report({
    unsent: waiting.length,
    oldest,
    ids,
    received: positions,
    photos,
    refused,
    version: __VERSION__,
    clock_seconds: clockSeconds,
    stored: space?.usage ?? null,
    room: space?.quota ?? null,
  });
  // What was changed while the server answered is not what it spoke of, and nothing is changed while that is looked at.
  const arrived = await opened.writer.between(() => strikeOff(opened, ids, told.arrived));
  await opened.shelf.refresh(arrived.filter((id) => typeOfId(id) !== ""));
  await opened.countUnsent();
  return (await opened.outbox.count()) === 0 && photos === 0 && Object.values(told.current).every(Boolean);
}

/** What the server has as it stands here now. Returns the ids that wait no more. */
async function strikeOff(opened: Opened, asked: Reported["arrived"], there: Reported["arrived"]): Promise<string[]> {
  const arrived: string[] = [];
  for (const [db, ids] of Object.entries(asked)) {
    for (const id of Object.keys(ids)) {
      const leaves = (await opened.locals.get(db)?.leaves(id)) ?? [];
      if (!leaves.every((one) => there[db]?.[id]?.includes(one.rev))) continue;
      await opened.outbox.arrived(db, [id]);
      arrived.push(id);
    }
  }
  return arrived;
}
