// Decides what opens a member's data: a data key, wrapped by the PIN together with a device key that never leaves this browser,
// and wrapped again for the recovery key of the branch, so that a forgotten PIN loses nothing.

import { fromBase64, Seal, toBase64 } from "./sealing.ts";
import type { Bytes } from "./sealing.ts";

/** Rounds of PBKDF2: what one guess costs whoever has copied the disk and the device key with it. */
const ROUNDS = 310_000;
const KEY_BYTES = 32;
const encoder = new TextEncoder();

export class WrongPin extends Error {}

/** A data key under a PIN. */
export interface Wrapped {
  salt: Bytes;
  sealed: Bytes;
}

/** The public half of the branch's recovery key, as the server tells it. */
export interface RecoveryKey {
  id: string;
  jwk: JsonWebKey;
}

/** A data key under the branch's recovery key: only the server can unwrap it, for the account that proves itself. */
export interface Recoverable {
  id: string;
  data: string;
}

export function newDataKey(): Bytes {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
}

/** Made once in a browser; not even this program can read it. */
export async function newDeviceKey(): Promise<CryptoKey> {
  return (await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"])) as CryptoKey;
}

export async function wrap(dataKey: Bytes, pin: string, device: CryptoKey): Promise<Wrapped> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  return { salt, sealed: await (await pinSeal(pin, salt, device)).bytes(dataKey, "data key") };
}

/** Throws WrongPin. */
export async function unwrap(wrapped: Wrapped, pin: string, device: CryptoKey): Promise<Bytes> {
  const seal = await pinSeal(pin, wrapped.salt, device);
  try {
    return await seal.openBytes(wrapped.sealed, "data key");
  } catch {
    throw new WrongPin("this PIN opens nothing");
  }
}

export async function makeRecoverable(dataKey: Bytes, account: string, recovery: RecoveryKey): Promise<Recoverable> {
  const text = `{"account":${JSON.stringify(account)},"key":"${toBase64(dataKey)}"}`;
  return { id: recovery.id, data: toBase64(await encryptFor(recovery, encoder.encode(text))) };
}

/** RSA-OAEP with SHA-256, for the recovery key of a branch. */
export async function encryptFor(recovery: RecoveryKey, plain: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("jwk", recovery.jwk, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["encrypt"]);
  return new Uint8Array(await crypto.subtle.encrypt({ name: "RSA-OAEP" }, key, plain));
}

export function recovered(dataKey: string): Bytes {
  return fromBase64(dataKey);
}

async function pinSeal(pin: string, salt: Bytes, device: CryptoKey): Promise<Seal> {
  const typed = await crypto.subtle.importKey("raw", encoder.encode(pin), "PBKDF2", false, ["deriveBits"]);
  const slow = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS }, typed, 256);
  return Seal.of(new Uint8Array(await crypto.subtle.sign("HMAC", device, slow)));
}
