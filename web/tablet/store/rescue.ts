// Decides what a rescue file holds and how it is written: everything of a member that the branch does not have, encrypted for the branch,
// so that it can be carried there when the tablet itself cannot send any more. The server takes it in (`/api/v1/rescues`).

import type { Opened } from "../app/opened.ts";
import { fieldsOf } from "../records/cards.ts";
import { hashedBytes } from "../../shared/records/photo.ts";
import { text } from "../../shared/records/json.ts";
import { encryptFor } from "../vault/keys.ts";
import { toBase64 } from "../vault/sealing.ts";

/** The tablet has never received the key that a file is written for. */
export class NoRecoveryKey extends Error {}

export interface RescueFile {
  name: string;
  blob: Blob;
  records: number;
  photos: number;
  drafts: number;
}

/** Throws NoRecoveryKey. */
export async function writeRescue(opened: Opened, now: number): Promise<RescueFile> {
  const { slot } = opened;
  if (slot.recovery === null) throw new NoRecoveryKey("no recovery key has come to this tablet");
  const databases: { [db: string]: unknown[] } = {};
  const waiting = await opened.outbox.all();
  for (const [name, local] of opened.locals) {
    const ids = waiting.filter((one) => one.db === name).map((one) => one.id);
    if (ids.length > 0) databases[name] = await local.withHistory(ids);
  }
  const photos = await photosOf(opened);
  // Half-typed records are no documents yet: the server passes them over, and the tablet's owner can be helped by hand.
  const drafts = await opened.drafts.all();
  const made = new Date(now).toISOString().slice(0, 19) + "Z";
  const token = (await opened.notes.get<string>("token")) ?? "";
  const content = { account: slot.account, member: slot.member, tablet: slot.tablet, token, made, databases, photos, drafts };

  const encoder = new TextEncoder();
  const key = crypto.getRandomValues(new Uint8Array(32));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, aes, encoder.encode(JSON.stringify(content)));
  const wrapped = toBase64(await encryptFor(slot.recovery, key));
  const head = { fieldbook: "rescue", version: 1, branch: slot.branch, recovery: slot.recovery.id, key: wrapped, iv: toBase64(iv) };
  return {
    name: `fieldbook-${slot.account}-${made.slice(0, 10)}.rescue`,
    blob: new Blob([encoder.encode(`${JSON.stringify(head)}\n`), sealed], { type: "application/octet-stream" }),
    records: waiting.length,
    photos: photos.length,
    drafts: drafts.length,
  };
}

async function photosOf(opened: Opened): Promise<{ id: string; media: string; digest: string; data: string }[]> {
  const photos = [];
  for (const { id } of await opened.photos.unsent()) {
    const bytes = await opened.photos.get(id);
    if (bytes === null) continue;
    const card = await opened.shelf.get(id);
    const body = card === null ? null : await opened.writer.read(card.db, id);
    const media = (body !== null && text(fieldsOf(body)["media"])) || "image/jpeg";
    photos.push({ id, media, digest: hashedBytes(bytes), data: toBase64(bytes) });
  }
  return photos;
}
