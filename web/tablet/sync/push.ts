// Decides what is offered to the server: what waits, and to a store that is not known everything; and what a refusal is about.

import type { Opened } from "../app/opened.ts";
import type { Done, Local } from "../store/databases.ts";
import { Remote } from "../store/databases.ts";
import { readRefusal } from "../store/outbox.ts";
import type { Progress } from "./contact.ts";

const NOTHING: Done = { complete: true, moved: 0, position: "", refused: [] };
const CLOSED = "forbidden: 您已不在该支部，这条记录未被接收 / you are no longer of this branch: this record was not taken";

/** A store that is known to have had everything is offered what waits, but for what it has refused as it stands; another is offered everything. */
export async function push(opened: Opened, store: string, name: string, local: Local, onProgress: (progress: Progress) => void): Promise<void> {
  const note = `pushed ${name}`;
  const waiting = (await opened.outbox.all()).filter((one) => one.db === name && one.refused === null).map((one) => one.id);
  const known = (await opened.notes.get<string>(note)) === store;
  if (waiting.length === 0 && known) return;
  const offered = new Map<string, string>();
  for (const id of waiting) offered.set(id, await standsAt(local, id));
  const moved = (documents: number): void => onProgress({ step: "pushing", moved: documents });
  let done: Done;
  try {
    const to = remote(opened, name);
    if (known) done = await local.pushSome(to, waiting, moved);
    else done = (await local.isNew()) ? NOTHING : await local.push(to, moved);
  } catch (error) {
    if ((error as { status?: number }).status !== 403) throw error;
    // The whole database is closed to the member: what waits for it is refused, and the others go on.
    done = { complete: false, moved: 0, position: "", refused: waiting.map((id) => ({ id, reason: CLOSED })) };
  }
  for (const { id, reason } of done.refused) {
    // What the server makes itself comes back after a restore; its own refusal of it concerns nobody. What was changed meanwhile is not what was refused.
    await opened.writer.between(async () => {
      if (offered.has(id) && offered.get(id) === (await standsAt(local, id))) await opened.outbox.refused(name, id, readRefusal(reason));
    });
  }
  await opened.shelf.refresh(done.refused.map((one) => one.id).filter(Boolean));
  await opened.notes.set(note, store);
}

async function standsAt(local: Local, id: string): Promise<string> {
  return (await local.leaves(id)).map((one) => one.rev).join(" ");
}

export function remote(opened: Opened, name: string): Remote {
  const base = opened.server.base || location.origin;
  return new Remote(`${base}/sync/${name}`, opened.server.fetch);
}
