// Decides the ids of what is made here: unique across tablets, in the order of their making, and saying nothing of anybody.

const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A ULID: 10 characters of time, 16 of chance. */
export function ulid(now: number): string {
  let time = "";
  for (let rest = Math.floor(now), at = 0; at < 10; at++, rest = Math.floor(rest / 32)) time = LETTERS[rest % 32]! + time;
  const chance = crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(chance, (byte) => LETTERS[byte % 32]).join("");
}

export function newId(prefix: string, now: number): string {
  return `${prefix}:${ulid(now)}`;
}
