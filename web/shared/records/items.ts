// Decides which items of a list a record has: those that were not withdrawn.

import type { Json } from "./json.ts";

/** The items of a list that are there: {id: {part: value}}. */
export function itemsOf(fields: { readonly [path: string]: Json }, list: string): Map<string, { [part: string]: Json }> {
  const found = new Map<string, { [part: string]: Json }>();
  for (const [path, value] of Object.entries(fields)) {
    const [head, id, ...part] = path.split("/");
    if (head === list && id && part.length > 0) found.set(id, { ...found.get(id), [part.join("/")]: value });
  }
  for (const [id, parts] of found) if ((parts["withdrawn"] ?? null) !== null) found.delete(id);
  return found;
}
