// Decides how the directory is kept from the desk: which fields each kind of entry has, and how one is written on what was seen of it.

import { fieldInfo } from "../../shared/records/schema.ts";
import { sayOf } from "../../shared/ui/say.ts";
import { get, put, Refused } from "./api.ts";

export type Kind = "branch" | "window" | "unit" | "member";
export type Fields = { [path: string]: unknown };

export interface Kept {
  id: string;
  revision: string;
  fields: Fields;
}

/** All but the members, of whom there may be thousands: `counts` tells how many are active, in all, by branch and by home unit. */
export interface Whole {
  branches: Kept[];
  windows: Kept[];
  units: Kept[];
  counts: { members: number; branches: { [id: string]: number }; units: { [id: string]: number } };
}

export const KINDS: readonly Kind[] = ["branch", "window", "unit", "member"];

/** The fields that are edited, in their order; "branch", "window" and "unit" are chosen among those of the directory. */
export const EDITED: { readonly [kind in Kind]: readonly string[] } = {
  branch: ["name", "short", "leader", "order", "active"],
  window: ["name", "number", "floor", "unit", "branch", "order", "active"],
  unit: ["name", "short", "order", "active"],
  member: ["name", "branch", "window", "unit", "role", "post", "party_member", "joined", "left", "order", "active"],
};

export const NUMBERS: readonly string[] = ["order"];
export const FLAGS: readonly string[] = ["active", "party_member"];
export const DAYS: readonly string[] = ["joined", "left"];

export function readWhole(): Promise<Whole> {
  return get<Whole>("directory");
}

export function entriesOf(whole: Whole, kind: Exclude<Kind, "member">): Kept[] {
  return { branch: whole.branches, window: whole.windows, unit: whole.units }[kind];
}

/** One entry as it is now; null where there is none. Throws Refused. */
export async function readEntry(id: string): Promise<Kept | null> {
  try {
    return await get<Kept>(`directory/${id.slice(0, id.indexOf(":"))}/${encodeURIComponent(bare(id))}`);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

/** Without its kind. */
export function bare(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}

export function nameIn(whole: Whole, kind: Exclude<Kind, "member">, id: unknown): string {
  if (typeof id !== "string" || id === "") return "";
  const asked = id.includes(":") ? id : `${kind}:${id}`;
  const found = entriesOf(whole, kind).find((one) => one.id === asked);
  return String(found?.fields["name"] ?? bare(asked));
}

/** What the server keeps by itself, or by routes of its own. */
function isKept(path: string): boolean {
  return path.startsWith("belonged/") || path.startsWith("offices/");
}

export function isActive(one: Kept): boolean {
  return one.fields["active"] !== false && !one.fields["left"];
}

export function labelOf(kind: Kind, path: string): string {
  return sayOf(fieldInfo(kind, path)) || path;
}

/** Write one: on what was seen (`revision`), or anew. `moved`: the last day of a member in the branch that it leaves. Throws Refused. */
export function write(id: string, fields: Fields, revision: string | undefined, moved?: string): Promise<Kept> {
  const [kind, name] = [id.slice(0, id.indexOf(":")), bare(id)];
  const given = Object.fromEntries(Object.entries(fields).filter(([path, value]) => value !== "" && value !== undefined && !isKept(path)));
  return put<Kept>(`directory/${kind}/${encodeURIComponent(name)}`, moved ? { fields: given, moved } : { fields: given }, revision);
}

/** What differs between two states of an entry. */
export function changesOf(kind: Kind, before: Fields, after: Fields): { path: string; label: string; before: unknown; after: unknown }[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((path) => !isKept(path));
  return paths.filter((path) => (before[path] ?? "") !== (after[path] ?? "")).map((path) => ({ path, label: labelOf(kind, path), before: before[path] ?? "", after: after[path] ?? "" }));
}
