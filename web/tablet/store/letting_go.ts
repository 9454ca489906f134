// Decides what leaves the tablet with a record that nobody will take: what accompanies it and was written here, its photos, and the notes of it.

import type { Opened } from "../app/opened.ts";
import type { Card } from "../../shared/records/card.ts";

export async function letGo(opened: Opened, card: Card): Promise<void> {
  const local = opened.locals.get(card.db);
  if (local === undefined) return;
  const along = (await opened.shelf.about(card.id)).filter((one) => one.about === card.id && one.db === card.db).map((one) => one.id);
  const ids = [card.id, ...along];
  for (const photo of await opened.photos.of(card.id)) await opened.photos.remove(photo);
  await opened.drafts.remove(card.id);
  await local.forget(ids);
  // Last, so that a tablet that dies in between still knows of what is left.
  await opened.outbox.arrived(card.db, ids);
  await opened.shelf.drop(ids);
}
