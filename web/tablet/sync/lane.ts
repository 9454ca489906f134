// Decides how photos travel: after the text, in parts, going on where the line broke. Their documents went before, with the records.

import { hashedBytes } from "../../shared/records/photo.ts";
import type { Photos } from "../store/photos.ts";
import { Refused } from "./server.ts";
import type { Server } from "./server.ts";

/** Small enough that a bad line gets one through; a photo has two or three. */
const PART_BYTES = 128 * 1024;

/** Send what is unsent. Returns how many arrived. Throws Unreached; a photo that is refused is left for the next time. */
export async function sendPhotos(photos: Photos, server: Server, onSent: () => void): Promise<number> {
  let sent = 0;
  for (const { id } of await photos.unsent()) {
    const bytes = await photos.get(id);
    if (bytes === null) continue;
    try {
      const there = await server.photoParts(id);
      if (!there.complete) {
        const count = Math.ceil(bytes.length / PART_BYTES);
        for (let part = 0; part < count; part++) {
          const piece = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
          if (there.parts[part] !== piece.length) await server.putPhotoPart(id, part, new Blob([piece]));
        }
        await server.completePhoto(id, count, hashedBytes(bytes));
      }
    } catch (error) {
      // Its document has not been taken in yet, or was refused: its record says so.
      if (error instanceof Refused && error.status < 500) continue;
      throw error;
    }
    await photos.sent(id);
    sent += 1;
    onSent();
  }
  return sent;
}
