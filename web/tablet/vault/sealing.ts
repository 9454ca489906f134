// Decides how anything lies on the tablet's disk: sealed with the data key of the member whose it is (AES-256-GCM, a fresh
// nonce each time). What a text is about is sealed along, so that nothing can be put in another's place.

import type { Json } from "../../shared/records/json.ts";

const NONCE_BYTES = 12;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What was sealed cannot be opened: another key, another place, or damage. */
export class Unopenable extends Error {}

export class Seal {
  readonly #key: CryptoKey;

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  static async of(raw: Bytes): Promise<Seal> {
    return new Seal(await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]));
  }

  async bytes(plain: Bytes, about: string): Promise<Bytes> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt(algorithm(nonce, about), this.#key, plain);
    const whole = new Uint8Array(NONCE_BYTES + sealed.byteLength);
    whole.set(nonce);
    whole.set(new Uint8Array(sealed), NONCE_BYTES);
    return whole;
  }

  /** Throws Unopenable. */
  async openBytes(sealed: Bytes, about: string): Promise<Bytes> {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    try {
      const plain = await crypto.subtle.decrypt(algorithm(nonce, about), this.#key, sealed.subarray(NONCE_BYTES));
      return new Uint8Array(plain);
    } catch {
      throw new Unopenable(`what is sealed about ${about} cannot be opened`);
    }
  }

  async json(value: unknown, about: string): Promise<Bytes> {
    return this.bytes(encoder.encode(JSON.stringify(value)), about);
  }

  async openJson<T = Json>(sealed: Bytes, about: string): Promise<T> {
    return JSON.parse(decoder.decode(await this.openBytes(sealed, about))) as T;
  }
}

export type Bytes = Uint8Array<ArrayBuffer>;

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  // Spread over too many arguments overflows the stack.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

export function fromBase64(text: string): Bytes {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function algorithm(iv: Bytes, about: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: encoder.encode(about) };
}
