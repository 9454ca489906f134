// Decides what a review decision is bound to: the live writes and the photos that were seen, whatever the revision (MG27).

import { read } from "./body.ts";
import type { Body } from "./body.ts";
import { byCodePoint, canonical, hashed } from "./json.ts";
import type { Json } from "./json.ts";
import { isLive } from "./writes.ts";

/** SHA-256, in hexadecimal, of what was seen. */
export function seenHash(body: Body, photoDigests: Iterable<string>): string {
  const { writes } = read([body]);
  const live: [string, string, Json][] = [];
  for (const path of writes.paths()) {
    const here = writes.at(path).filter(isLive);
    here.sort((one, other) => byCodePoint(one.stamp, other.stamp) || byCodePoint(canonical(one.value), canonical(other.value)));
    for (const write of here) live.push([path, write.stamp, write.value]);
  }
  return hashed(canonical([live, [...new Set(photoDigests)].sort(byCodePoint)]));
}
