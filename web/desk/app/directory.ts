// Decides by which names people, branches and subjects are told: as the directory has them, read once a visit to the desk.

import { ref } from "vue";
import { get } from "./api.ts";

interface Entry {
  id: string;
  fields: { name?: string; short?: string };
}

const names = ref(new Map<string, string>());
let asked: Promise<void> | null = null;

/** Read the directory, once. */
export function readDirectory(): Promise<void> {
  asked ??= get<{ [kind: string]: Entry[] }>("directory")
    .then((told) => {
      const entries = Object.values(told).flat();
      names.value = new Map([...names.value, ...entries.map(({ id, fields }) => [id, fields.short ?? fields.name ?? id] as const)]);
    })
    .catch(() => void (asked = null));
  return asked;
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
