// Decides with what the screen of a record begins on a tablet: the draft, what its record says already, the forms that are here, and what was
// remarked.

import { text } from "../../shared/records/json.ts";
import type { Card } from "../../shared/records/card.ts";
import { dayOf } from "../../shared/ui/time.ts";
import type { Draft } from "../../shared/write/draft.ts";
import { formOf } from "../../shared/write/forms.ts";
import type { Form } from "../../shared/write/forms.ts";
import type { Values } from "../../shared/write/values.ts";
import { writingOf } from "../../shared/write/writing.ts";
import type { Keeper, Remark, Writing } from "../../shared/write/writing.ts";
import type { Opened } from "../app/opened.ts";
import { fieldsOf } from "../records/cards.ts";
import { lastDecision } from "../records/states.ts";
import { aroundOf } from "./around.ts";
import { Saver } from "./saving.ts";

/** null when there is no such draft. */
export async function openWriting(now: Opened, id: string): Promise<Writing | null> {
  const held = await now.drafts.get(id);
  if (held === null) return null;
  // Made ready for the search, which nobody waits for here.
  void now.shelf.subjects();
  const [body, record, known] = await Promise.all([
    held.edits ? now.writer.read(held.db, held.id) : null,
    now.shelf.get(held.id),
    formsOf(now, held),
  ]);
  const base: Values = body === null ? {} : fieldsOf(body);
  const returned = record === null ? null : await returnedOf(now, record);
  const author = held.edits ? text(body?.["author"]) : now.slot.member;
  return writingOf({ around: aroundOf(now), held, base, author, known: () => known, returned, keeper: keeperOf(now) });
}

function keeperOf(now: Opened): Keeper {
  const saver = new Saver(now.drafts);
  now.beforeClosing.add(saver.now);
  return {
    saving: saver.saving,
    later: (draft) => saver.later(draft),
    now: saver.now,
    end: () => saver.end(),
    leave() {
      saver.leave();
      now.beforeClosing.delete(saver.now);
    },
  };
}

/** Forms of the type that this tablet has, and the one that the draft names. */
async function formsOf(now: Opened, draft: Draft): Promise<Form[]> {
  const cards = (await now.shelf.between("form", "", "\uffff")).filter((one) => one["for"] === draft.type);
  const ids = [...new Set([...cards.map((one) => one.id), ...(draft.form ? [draft.form] : [])])];
  const found = (await now.locals.get("centre")?.winners(ids)) ?? [];
  const today = dayOf(Date.now());
  return ids.flatMap((id, at) => {
    const form = found[at] ? formOf(id, found[at].leaf.body, today) : null;
    return form === null ? [] : [form];
  });
}

async function returnedOf(now: Opened, record: Card): Promise<Writing["returned"]> {
  if (record.state !== "returned") return null;
  const reviews = (await now.shelf.about(record.id)).filter((one) => one.type === "review");
  const last = lastDecision(record, reviews);
  if (last === null || last.kind !== "return") return null;
  return { text: text(last["text"]), remarks: (last["remarks"] as unknown as Remark[] | undefined) ?? [] };
}
