// Decides what becomes of a form's draft: kept in this browser at every change until it is published or given up, and looked over by the server as
// it would be when it is published.

import { post } from "./api.ts";
import type { Draft, Family } from "./forms.ts";
import { half } from "./words.ts";

export type Problems = { readonly [place: string]: string };

const AFTER_MS = 400;

export function keptDraft(key: string): Draft | null {
  const kept = localStorage.getItem(key);
  return kept === null ? null : (JSON.parse(kept) as Draft);
}

/** null lets go of it. */
export function keepDraft(key: string, draft: Draft | null): void {
  if (draft === null) localStorage.removeItem(key);
  else localStorage.setItem(key, JSON.stringify(draft));
}

/** As the server takes it. */
export function asSent(family: Family, draft: Draft): object {
  return { for: family.of, kind: family.kind || null, from: draft.since || null, title: draft.title, items: draft.items, follows: draft.follows };
}

export function problemsOf(told: unknown): Problems {
  const found = (told as { problems?: { field: string; problem: string }[] } | null)?.problems ?? [];
  return Object.fromEntries(found.map((one) => [one.field, half(one.problem)]));
}

/** Asks the server, a moment after the last change, what would be wrong; `tell` hears the answer to what was asked last. */
export function lookOver(tell: (problems: Problems) => void): { ask: (family: Family, draft: Draft) => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  return {
    ask(family, draft) {
      clearTimeout(timer);
      const mine = (asked += 1);
      timer = setTimeout(async () => {
        try {
          const told = await post("forms/check", asSent(family, draft));
          if (mine === asked) tell(problemsOf(told));
        } catch {
          // Not reached: it is looked over when it is published.
        }
      }, AFTER_MS);
    },
    stop() {
      clearTimeout(timer);
      asked += 1;
    },
  };
}
