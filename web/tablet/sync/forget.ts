// Decides what leaves this tablet: what may not be read any more, what was erased, and what is old and safe at the branch. What was written here and
// has not arrived never does.

import type { Opened } from "../app/opened.ts";
import { isOpen, problemsOf } from "../records/problems.ts";
import type { Local } from "../store/databases.ts";
import { ASKED_MAX } from "./server.ts";

const DAY_MS = 86_400_000;
/** Documents that leave the tablet in one go. */
const AT_ONCE = 50;

/** What may not be read any more, or was erased, leaves before anything new is shown. False: the database is closed to the member. */
export async function forget(opened: Opened, name: string, local: Local): Promise<boolean> {
  const note = `forgotten ${name}`;
  let since = (await opened.notes.get<string>(note)) ?? "";
  for (;;) {
    const told = await opened.server.forgetSince(name, since);
    if (told.compare || told.all) await compare(opened, name, local);
    else await letGo(opened, name, local, told.ids);
    await opened.notes.set(note, (since = told.next));
    if (!told.more) return !told.all;
  }
}

async function compare(opened: Opened, name: string, local: Local): Promise<void> {
  for (let since = ""; ; ) {
    const { changes, seq } = await local.changes(since, ASKED_MAX);
    if (changes.length === 0) return;
    const ids = changes.filter((one) => !one.deleted).map((one) => one.id);
    const told = await opened.server.forgetAmong(name, ids);
    await letGo(opened, name, local, told.ids);
    since = seq;
  }
}

/** A few at a time: nothing may be written while it is looked at and goes, and whoever is writing does not wait for long. */
async function letGo(opened: Opened, name: string, local: Local, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += AT_ONCE) await opened.writer.between(() => letSomeGo(opened, name, local, ids.slice(at, at + AT_ONCE)));
}

async function letSomeGo(opened: Opened, name: string, local: Local, ids: readonly string[]): Promise<void> {
  const gone: string[] = [];
  for (const id of ids) {
    // What was written here and has not arrived is nobody's to take away: the push has said why it was refused.
    if (await opened.outbox.has(name, id)) continue;
    gone.push(id);
    for (const photo of await opened.photos.of(id)) await opened.photos.remove(photo);
  }
  await local.forget(gone);
  await opened.shelf.drop(gone);
}

/** Old records that the branch has leave the tablet, once a day. */
export async function tidy(opened: Opened, keepDays: number): Promise<void> {
  const today = new Date().toISOString().slice(0, 10);
  if ((await opened.notes.get<string>("tidied")) === today) return;
  const before = new Date(Date.now() - keepDays * DAY_MS).toISOString();
  for (const type of ["visit", "service", "survey", "event", "activity"]) {
    for (const card of await opened.shelf.between(type, "", before)) {
      const local = opened.locals.get(card.db);
      if (local === undefined || (await opened.outbox.has(card.db, card.id))) continue;
      if (problemsOf(card).some((one) => isOpen(one.state))) continue;
      const along = (await opened.shelf.about(card.id)).filter((one) => one.about === card.id).map((one) => one.id);
      await letGo(opened, card.db, local, [card.id, ...along]);
    }
  }
  await opened.notes.set("tidied", today);
}
