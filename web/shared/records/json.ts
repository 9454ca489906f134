// Decides the one text that stands for a JSON value, so that every program hashes the same. The vectors hold it to the
// server's: keys sorted by code point, no spaces, no floats, nothing that UTF-8 cannot write.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The value has no canonical form: it holds a float, too large a number, or half a character. */
export class NotCanonical extends Error {}

/** The canonical text of a JSON value. Throws NotCanonical. */
export function canonical(value: Json): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new NotCanonical(`no canonical form: the number ${value}`);
    return Object.is(value, -0) ? "0" : String(value);
  }
  if (typeof value === "string") return quoted(value);
  if (isList(value)) return `[${value.map(canonical).join(",")}]`;
  const names = Object.keys(value).sort(byCodePoint);
  return `{${names.map((name) => `${quoted(name)}:${canonical(value[name] as Json)}`).join(",")}}`;
}

/** The order of texts by code point, which is that of their bytes in UTF-8. JavaScript's own is by halves of characters. */
export function byCodePoint(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const left = one.charCodeAt(at);
    const right = other.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return one.length - other.length;
}

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal. */
export function hashed(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

export function isObject(value: unknown): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** The member of an object that is its own; undefined otherwise, whatever its name. */
export function own(value: unknown, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function quoted(value: string): string {
  if (!value.isWellFormed()) throw new NotCanonical("no canonical form: half of a character in a text");
  return JSON.stringify(value);
}

function rank(unit: number): number {
  // Halves of characters beyond the first plane come after everything of that plane.
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
