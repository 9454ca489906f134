// Decides which subjects a search finds, and who comes first: nearest where one asked for that, else those linked with the member.

import { isList, text } from "../../shared/records/json.ts";
import type { Card } from "../../shared/records/card.ts";

/** Latitude and longitude in degrees. */
export interface Spot {
  latitude: number;
  longitude: number;
}

const EARTH_M = 6_371_000;

/** Those of a kind ("": any) of which name, initials or address hold every word of what was typed. */
export function found(subjects: Iterable<Card>, typed: string, kind = ""): Card[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return [...subjects].filter((one) => !one.removed && (kind === "" || one.kind === kind) && words.every((word) => holds(one, word)));
}

/** Nearest first when it is known where one is, those without a place last; else the linked ones, then by name. */
export function ordered(cards: readonly Card[], linked: ReadonlySet<string>, here: Spot | null): Card[] {
  const collator = new Intl.Collator("zh-u-co-pinyin");
  const keyed = cards.map((card) => ({ card, far: here === null ? 0 : (metres(card, here) ?? Infinity), linked: linked.has(card.id) ? 0 : 1 }));
  keyed.sort((one, other) => (one.far === other.far ? 0 : one.far - other.far) || one.linked - other.linked || collator.compare(one.card.name, other.card.name));
  return keyed.map((one) => one.card);
}

/** How far a subject is, in metres; null when nobody has noted its place. Good for the distances that one drives. */
export function metres(card: Card, from: Spot): number | null {
  const place = card["place"];
  if (!isList(place) || place.length < 2) return null;
  const [latitude, longitude] = [Number(place[0]) / 1e7, Number(place[1]) / 1e7];
  const radians = Math.PI / 180;
  const east = (longitude - from.longitude) * radians * Math.cos(((latitude + from.latitude) / 2) * radians);
  const north = (latitude - from.latitude) * radians;
  return Math.round(Math.hypot(east, north) * EARTH_M);
}

function holds(card: Card, word: string): boolean {
  if (card.name.toLowerCase().includes(word) || text(card["address"]).toLowerCase().includes(word)) return true;
  return ((card["initials"] as string[] | undefined) ?? []).some((one) => one.includes(word));
}
