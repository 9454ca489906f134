// Decides whether a removal is in force: only while it knew everything that it takes away. Removing is a write like any other, at
// `withdrawn` for the record and `<item>/withdrawn` for an item; its value lists in `over` the live writes in its scope.

import { byCodePoint, isList, own } from "./json.ts";
import type { Json } from "./json.ts";
import { isLive } from "./writes.ts";
import type { LiveWrite, Write } from "./writes.ts";

const REMOVED = "withdrawn";

/** Who removed a record or an item, and the live writes that none of them had known. */
export interface Removal {
  removedBy: LiveWrite[];
  unaware: LiveWrite[];
  /** Hidden; else it shows, with who removed it and who had not known. */
  inForce: boolean;
}

/** The path of the removal of an item (`problems/01K9…`), or of the whole record (""). */
export function removalPath(item: string): string {
  return item ? `${item}/${REMOVED}` : REMOVED;
}

/** The value that removes an item, or the whole record, as these writes show it. */
export function removalValue(writes: Iterable<Write>, item: string, reason: string): Json {
  const over = [...new Set(inScope(writes, item).map((write) => write.stamp))].sort(byCodePoint);
  return reason ? { over, reason } : { over };
}

export function removal(writes: Iterable<Write>, item = ""): Removal {
  const all = [...writes];
  const path = removalPath(item);
  const removedBy = all.filter((write): write is LiveWrite => write.path === path && isLive(write) && isRemoval(write));
  const known = new Set(removedBy.flatMap((write) => (own(write.value, "over") as Json[]).filter((one) => typeof one === "string")));
  const unaware = removedBy.length > 0 ? inScope(all, item).filter((write) => !known.has(write.stamp)) : [];
  return { removedBy, unaware, inForce: removedBy.length > 0 && unaware.length === 0 };
}

/** Whether the write removes something; at the same path any other value takes a removal back. */
export function isRemoval(write: Write): boolean {
  return (write.path === REMOVED || write.path.endsWith(`/${REMOVED}`)) && isList(own(write.value, "over"));
}

/** Live writes of the item, or of the record. Removals are not among them: one never brings back another. */
function inScope(writes: Iterable<Write>, item: string): LiveWrite[] {
  return [...writes].filter(
    (write): write is LiveWrite =>
      isLive(write) && (!item || write.path === item || write.path.startsWith(`${item}/`)) && !isRemoval(write),
  );
}
