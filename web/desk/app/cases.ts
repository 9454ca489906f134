// Decides how the desk reads a joint survey: what the API tells of a case, and the items of its checklist as a form would ask for them.

import { ref, watch, type Ref } from "vue";
import type { Values } from "../../shared/forms/form.ts";
import { isList, own, text, type Json } from "../../shared/records/json.ts";
import { get } from "./api.ts";

export interface Cell {
  party: string;
  finding: string;
  text: string;
  given_by: string;
  record: string;
}

export interface CaseTold {
  id: string;
  branch: string;
  matter: string;
  limit: string;
  state: string;
  zh: string;
  en: string;
  overdue: boolean;
  parties: { party: string; state: string; missing: string[] }[];
  names: { [id: string]: string };
  needs: string[];
  items: { item: string; text: string; disagreement: boolean; cells: Cell[] }[];
  conclusion: { conclusion: string; text: string; issued: string; member: string } | null;
}

/** The case that a record belongs to; null while there is none, or none that may be read. `stamp` changes when it is to be read anew. */
export function useCase(id: () => string, stamp: () => unknown): Ref<CaseTold | null> {
  const told = ref<CaseTold | null>(null);
  watch(
    [id, stamp],
    async ([asked], before) => {
      if (asked !== before?.[0]) told.value = null;
      const found = asked ? await get<CaseTold>(`cases/${encodeURIComponent(asked)}`).catch(() => null) : null;
      if (asked === id()) told.value = found;
    },
    { immediate: true },
  );
  return told;
}

/** A form that calls each finding as the announced checklist does. */
export function withChecklist(form: Values | null, told: CaseTold | null): Values | null {
  if (told === null || told.items.length === 0) return form;
  const fields = own(form, "fields");
  const asked = own(fields, "items");
  const items = isList(asked) ? [...asked] : [];
  for (const one of told.items) {
    const path = `findings/${one.item}/finding`;
    const at = items.findIndex((item) => text(own(item, "path")) === path);
    const label = { zh: one.text || one.item, en: one.text || one.item };
    if (at < 0) items.push({ path, kind: "choice", label });
    else items[at] = { ...(items[at] as { [key: string]: Json }), label };
  }
  return { ...form, fields: { ...(fields as { [key: string]: Json } | undefined), items } };
}
