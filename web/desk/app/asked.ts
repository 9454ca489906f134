// Decides by which form a record is read: the one that it names, read once a visit to the desk.

import type { Values } from "../../shared/forms/form.ts";

const forms = new Map<string, Promise<Values | null>>();

/** `name` as records say it: `visit/4`. null where there is none. */
export function formOf(name: string | undefined): Promise<Values | null> {
  if (!name) return Promise.resolve(null);
  let form = forms.get(name);
  if (form === undefined) {
    form = fetch(new URL(`../sync/centre/${encodeURIComponent(`form:${name}`)}`, new URL(".", document.baseURI)))
      .then(async (answer) => (answer.ok ? ((await answer.json()) as Values) : null))
      .catch(() => null);
    forms.set(name, form);
  }
  return form;
}
