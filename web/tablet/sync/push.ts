// Decides what is offered to the server: what waits, and to a store that is not known everything; and what a refusal is about.

import type { Opened } from "../app/opened.ts";
import type { Local, Refused } from "../store/databases.ts";
import { Remote } from "../store/databases.ts";
import { readRefusal } from "../store/outbox.ts";
import type { Progress } from "./contact.ts";

const CLOSED = "forbidden: 您已不在该支部，这条记录未被接收 / you are no longer of this branch: this record was not taken";

/** A store that is not known to have had everything is offered that first; each is offered what waits, but for what it has refused as it stands. */
export async function push(opened: Opened, store: string, name: string, local: Local, onProgress: (progress: Progress) => void): Promise<void> {
  const note = `pushed ${name}`;
  const waiting = (await opened.outbox.all()).filter((one) => one.db === name && one.refused === null).map((one) => one.id);
  const known = (await opened.notes.get<string>(note)) === store;
  if (waiting.length === 0 && known) return;
  const to = remote(opened, name);
  const moved = (documents: number): void => onProgress({ step: "pushing", moved: documents });
  let refused: Refused[];
  try {
    if (!known && !(await local.isNew())) await local.push(to, moved);
    refused = await local.pushSome(to, waiting, moved);
  } catch (error) {
    if ((error as { status?: number }).status !== 403) throw error;
    // The whole database is closed to the member: what waits for it is refused, and the others go on.
    refused = await Promise.all(waiting.map(async (id) => ({ id, revs: await revsOf(local, id), reason: CLOSED })));
  }
  // What was changed meanwhile is not what was refused.
  for (const { id, revs, reason } of refused) {
    await opened.writer.between(async () => {
      if (String(await revsOf(local, id)) === String(revs)) await opened.outbox.refused(name, id, readRefusal(reason));
    });
  }
  await opened.shelf.refresh(refused.map((one) => one.id));
  await opened.notes.set(note, store);
}

async function revsOf(local: Local, id: string): Promise<string[]> {
  return (await local.leaves(id)).map((one) => one.rev);
}

export function remote(opened: Opened, name: string): Remote {
  const base = opened.server.base || location.origin;
  return new Remote(`${base}/sync/${name}`, opened.server.fetch);
}
