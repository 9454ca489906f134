// Decides who is found when somebody types, and in which order: by name, initials or address; nearest first where a place is known,
// else whom one has seen last. Fast enough for each letter typed: cards are in memory, and few are shown.

import { isList } from "../records/json.ts";
import type { Json } from "../records/json.ts";
import type { Card } from "../records/card.ts";

export const SHOWN_MAX = 50;

export interface Found {
  card: Card;
  /** Metres from here; null when either place is not known. */
  metres: number | null;
}

export interface Asked {
  words: string;
  /** Kinds of subject; none: all. */
  kinds: readonly string[];
  place: Json;
  /** When each was last seen, by id. */
  seen: ReadonlyMap<string, string>;
}

export function find(cards: Iterable<Card>, { words, kinds, place, seen }: Asked, limit = SHOWN_MAX): { found: Found[]; more: number } {
  const wanted = words.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const matching: { card: Card; rank: number; metres: number | null }[] = [];
  for (const card of cards) {
    if (card.removed || (kinds.length > 0 && !kinds.includes(card.id.split(":", 1)[0]!))) continue;
    const rank = Math.max(0, ...wanted.map((word) => rankOf(card, word)));
    if (rank < NOT) matching.push({ card, rank, metres: distance(place, card["place"] ?? null) });
  }
  const known = isPlace(place);
  matching.sort(
    (one, other) =>
      one.rank - other.rank ||
      (known ? (one.metres ?? Infinity) - (other.metres ?? Infinity) || 0 : 0) ||
      later(seen.get(one.card.id), seen.get(other.card.id)) ||
      (one.card.name < other.card.name ? -1 : 1),
  );
  return { found: matching.slice(0, limit).map(({ card, metres }) => ({ card, metres })), more: Math.max(0, matching.length - limit) };
}

const NOT = 9;

/** How well a card answers a word: its name first, then initials, then the address. */
function rankOf(card: Card, word: string): number {
  const name = card.name.toLowerCase();
  if (name.startsWith(word)) return 0;
  const letters = (card["initials"] as string[] | undefined) ?? [];
  if (letters.some((one) => one.startsWith(word))) return 1;
  if (name.includes(word)) return 2;
  if (letters.some((one) => one.includes(word))) return 3;
  return String(card["address"] ?? "").toLowerCase().includes(word) ? 4 : NOT;
}

/** Metres between two places (1e-7 degree), on a flat map: right to a percent within a county. */
export function distance(one: Json, other: Json): number | null {
  if (!isPlace(one) || !isPlace(other)) return null;
  const rad = Math.PI / 180 / 1e7;
  const north = (one[0] - other[0]) * rad;
  const east = (one[1] - other[1]) * rad * Math.cos(one[0] * rad);
  return Math.round(Math.hypot(north, east) * 6_371_000);
}

function isPlace(value: Json | undefined): value is readonly [number, number, ...number[]] {
  return isList(value) && typeof value[0] === "number" && typeof value[1] === "number";
}

function later(one = "", other = ""): number {
  return one === other ? 0 : one > other ? -1 : 1;
}
