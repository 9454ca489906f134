// Decides what becomes of a picture before it is kept: small enough for a weak line, upright, and with nothing in it but the picture.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

export const PHOTO_BYTES_MAX = 300 * 1024;
const SIDE_MAX = 1920;
const QUALITIES = [0.82, 0.7, 0.58, 0.46];

/** What was chosen is no picture that this browser can read. */
export class NoPicture extends Error {}

export interface Picture {
  bytes: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
  media: "image/jpeg";
}

/** At most 300 KB of JPEG, drawn anew: so nothing that a camera writes along (place, owner, device) is left. Throws NoPicture. */
export async function shrink(file: Blob): Promise<Picture> {
  let source: ImageBitmap;
  try {
    source = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new NoPicture("this file is no picture");
  }
  try {
    for (let scale = Math.min(1, SIDE_MAX / Math.max(source.width, source.height)); ; scale *= 0.75) {
      const [width, height] = [Math.max(1, Math.round(source.width * scale)), Math.max(1, Math.round(source.height * scale))];
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext("2d")!.drawImage(source, 0, 0, width, height);
      for (const quality of QUALITIES) {
        const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
        if (blob.size <= PHOTO_BYTES_MAX) return { bytes: new Uint8Array(await blob.arrayBuffer()), width, height, media: "image/jpeg" };
      }
    }
  } finally {
    source.close();
  }
}

/** As a photo's document names its bytes: `sha256-<64 hexadecimal digits>`. */
export function hashedBytes(bytes: Uint8Array): string {
  return `sha256-${bytesToHex(sha256(bytes))}`;
}
