// Decides by which form a record is read: the one that it names, read once a visit to the desk.

import type { Values } from "../../shared/forms/form.ts";

const forms = new Map<string, Promise<Values | null>>();

/** `name` as records say it: `visit/4`. null where there is none, or none could be read: that is asked for again. */
export function formOf(name: string | undefined): Promise<Values | null> {
  if (!name) return Promise.resolve(null);
  const known = forms.get(name);
  if (known) return known;
  const form = readForm(name);
  forms.set(name, form);
  void form.then((found) => found === null && forms.delete(name));
  return form;
}

async function readForm(name: string): Promise<Values | null> {
  const answer = await fetch(new URL(`../sync/centre/${encodeURIComponent(`form:${name}`)}`, new URL(".", document.baseURI))).catch(() => null);
  return answer?.ok ? ((await answer.json().catch(() => null)) as Values | null) : null;
}
