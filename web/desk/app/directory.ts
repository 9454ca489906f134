// Decides by which names people, branches and subjects are told: as the directory has them, read once a visit to the desk.

import { ref } from "vue";

interface Row {
  id: string;
  doc: { fields?: { name?: string; short?: string; branch?: string } };
}

const names = ref(new Map<string, string>());
let asked: Promise<void> | null = null;

/** Read the directory, once. */
export function readDirectory(): Promise<void> {
  asked ??= (async () => {
    for (const kind of ["member", "branch", "window", "unit"]) {
      const query = new URLSearchParams({ include_docs: "true", startkey: `"${kind}:"`, endkey: `"${kind};"` });
      const answer = await fetch(new URL(`../sync/centre/_all_docs?${query}`, new URL(".", document.baseURI)));
      if (!answer.ok) continue;
      const { rows } = (await answer.json()) as { rows: Row[] };
      for (const row of rows) names.value.set(row.id, row.doc.fields?.short ?? row.doc.fields?.name ?? row.id);
    }
    names.value = new Map(names.value);
  })().catch(() => undefined);
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
