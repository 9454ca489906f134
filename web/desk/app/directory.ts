// Decides by which names people, branches and subjects are told: as the directory has them, read once a visit to the desk.

import { ref } from "vue";
import { get } from "./api.ts";

interface Names {
  names: { [id: string]: string };
  next: string | null;
}

const names = ref(new Map<string, string>());
let asked: Promise<void> | null = null;

/** Read what everything is called, once. */
export function readDirectory(): Promise<void> {
  asked ??= readNames().catch(() => void (asked = null));
  return asked;
}

async function readNames(): Promise<void> {
  const found = new Map<string, string>();
  for (let after: string | null = ""; after !== null; ) {
    const page: Names = await get("directory/names", { after });
    for (const [id, name] of Object.entries(page.names)) found.set(id, name);
    after = page.next;
  }
  names.value = new Map([...names.value, ...found]);
}

/** Somebody was added or renamed: names are read again. */
export function outdateDirectory(): void {
  asked = null;
  void readDirectory();
}

/** The name of `member:m0117` or, without its kind, of a member; the id where nobody has named it. */
export function nameOf(id: string): string {
  return names.value.get(id) ?? names.value.get(`member:${id}`) ?? id;
}

/** Everybody, or every branch, of the directory: ids without their kind, in the order of names. */
export function known(kind: "member" | "branch" | "window" | "unit"): { id: string; name: string }[] {
  const told = [...names.value].filter(([id]) => id.startsWith(`${kind}:`)).map(([id, name]) => ({ id: id.slice(kind.length + 1), name }));
  return told.sort((one, other) => one.name.localeCompare(other.name, "zh-CN"));
}

/** Name a subject that lies in a database; its id stays where it may not be read. */
export async function learnSubject(db: string, id: string): Promise<void> {
  if (!id || names.value.has(id)) return;
  const answer = await fetch(new URL(`../sync/${db}/${encodeURIComponent(id)}`, new URL(".", document.baseURI))).catch(() => null);
  const told = answer?.ok ? ((await answer.json()) as { fields?: { name?: string } }) : {};
  if (told.fields?.name) names.value = new Map(names.value).set(id, told.fields.name);
}
