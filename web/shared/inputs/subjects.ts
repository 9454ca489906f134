// Decides which references are to somebody or something visited: those are searched for, all others are chosen from a list.

import type { Item } from "../forms/form.ts";
import { typeOfId } from "../records/schema.ts";

/** The kinds of subject that an item takes. */
export function subjectKinds(item: Item): string[] {
  return (item.of ?? []).filter((prefix) => typeOfId(`${prefix}:x`) === "subject");
}

export function holdsSubjects(item: Item): boolean {
  return subjectKinds(item).length > 0 || (item.path === "subject" && (item.of ?? []).length === 0);
}
