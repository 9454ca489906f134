// Decides what the screen of a record works on: the draft, what its record says already, its form, and what is wrong or remarked.

import { computed, inject, provide, reactive, ref, shallowRef } from "vue";
import type { ComputedRef, InjectionKey, Ref, ShallowRef } from "vue";
import { visible } from "../../shared/forms/form.ts";
import type { Item, Problem } from "../../shared/forms/form.ts";
import { text } from "../../shared/records/json.ts";
import type { Json } from "../../shared/records/json.ts";
import type { Opened } from "../app/opened.ts";
import { dayOf } from "../app/time.ts";
import { itemsOf } from "../../shared/records/items.ts";
import { fieldsOf } from "../records/cards.ts";
import type { Card } from "../records/cards.ts";
import { fieldInfo } from "../../shared/records/schema.ts";
import { lastDecision } from "../records/states.ts";
import type { Draft } from "../store/drafts.ts";
import { faultsOf, keptUntil } from "./faults.ts";
import { bestForm, fieldsAsForm, formOf, withChecklist, withKinds } from "./forms.ts";
import type { Form } from "./forms.ts";
import { Saver } from "./saving.ts";
import type { Saving } from "./saving.ts";
import { stepsOf } from "../../shared/forms/steps.ts";
import type { Step } from "../../shared/forms/steps.ts";
import { joined, mayChange, withoutItem, withValue } from "./values.ts";
import type { Values } from "./values.ts";

export interface Remark {
  field: string;
  text: string;
}

export interface Writing {
  readonly now: Opened;
  readonly draft: ShallowRef<Draft>;
  readonly base: Values;
  readonly values: ComputedRef<Values>;
  readonly form: ComputedRef<Form>;
  readonly shown: ComputedRef<ReadonlySet<string>>;
  readonly steps: ComputedRef<Step[]>;
  readonly faults: ComputedRef<Problem[]>;
  readonly saving: Saving;
  /** Decision and remarks of a record that was sent back; null otherwise. */
  readonly returned: { text: string; remarks: readonly Remark[] } | null;
  /** Steps whose faults are shown: those that were left, and all when finishing was tried. */
  readonly looked: Set<string>;
  /** One changes the record of somebody else: only one's own part. */
  readonly foreign: boolean;
  /** The form that the draft names has not come to this tablet. */
  readonly formMissing: ComputedRef<boolean>;
  /** The joint survey that is named is not on this tablet. */
  readonly caseMissing: Ref<boolean>;
  set(path: string, value: Json): void;
  setAll(values: Values): void;
  dropItem(item: string): void;
  change(part: Partial<Draft>): void;
  mayChange(path: string): boolean;
  save(): Promise<void>;
  end(): Promise<void>;
  leave(): void;
}

const KEY: InjectionKey<Writing> = Symbol("writing");

export function provideWriting(writing: Writing): void {
  provide(KEY, writing);
}

export function useWriting(): Writing {
  return inject(KEY)!;
}

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
  return makeWriting({ now, held, base, author: held.edits ? text(body?.["author"]) : now.slot.member, known, returned });
}

interface Begun {
  now: Opened;
  held: Draft;
  base: Values;
  author: string;
  known: readonly Form[];
  returned: Writing["returned"];
}

function makeWriting({ now, held, base, author, known, returned }: Begun): Writing {
  const draft = shallowRef(held);
  const saver = new Saver(now.drafts);
  now.beforeClosing.add(saver.now);
  const values = computed(() => joined(base, draft.value.values));
  const named = computed(() => known.find((one) => one.id !== "" && one.id === draft.value.form) ?? null);
  const checklist = shallowRef<readonly { code: string; text: string }[]>([]);
  const caseMissing = ref(false);
  const form = computed(() => {
    const found = named.value ?? bestForm(known, text(values.value["kind"])) ?? fieldsAsForm(held.type);
    const options = Object.entries(fieldInfo("survey", "findings/*/finding")?.options ?? {}).map(([value, [zh, en]]) => ({ value, label: { zh, en } }));
    return withChecklist(withKinds(found, known), checklist.value, options);
  });
  const asDocument = computed(() => ({ fields: { items: form.value.items } }) as unknown as Values);
  const shown = computed(() => new Set(visible(asDocument.value, values.value)));

  function change(part: Partial<Draft>): void {
    draft.value = { ...draft.value, ...part, at: Date.now() };
    saver.later(draft.value);
  }

  function setAll(given: Values): void {
    const next = Object.entries(given).reduce((typed, [path, value]) => withValue(base, typed, path, value), draft.value.values as Values);
    change({ values: next as Draft["values"] });
    if ("kind" in given && !held.edits) change({ form: bestForm(known, text(values.value["kind"]))?.id ?? "" });
    if ("case" in given) void takeChecklist();
    // Whoever says that notice was given need not think of a day as well.
    if (text(given["privacy"]) && !values.value["keep_until"]) setAll({ keep_until: keptUntil(dayOf(Date.now())) });
  }

  async function takeChecklist(): Promise<void> {
    const id = text(values.value["case"]);
    const body = id === "" ? null : await now.writer.read("shared", id);
    if (id !== text(values.value["case"])) return;
    caseMissing.value = id !== "" && body === null;
    const asked = body === null ? [] : [...itemsOf(fieldsOf(body), "checklist")];
    checklist.value = asked.map(([code, parts]) => ({ code, text: text(parts["text"]) })).filter((one) => one.text !== "");
  }
  void takeChecklist();

  return {
    now,
    draft,
    base,
    values,
    form,
    shown,
    steps: computed(() => stepsOf(held.type, form.value.items, shown.value)),
    faults: computed(() => faultsOf(asDocument.value, values.value)),
    saving: saver.saving,
    returned,
    looked: reactive(new Set<string>()),
    foreign: author !== now.slot.member,
    formMissing: computed(() => form.value.id === "" || (draft.value.form !== "" && named.value === null)),
    caseMissing,
    set: (path, value) => setAll({ [path]: value }),
    setAll,
    dropItem: (item) => change({ values: withoutItem(base, draft.value.values, item) as Draft["values"] }),
    change,
    mayChange: (path) => mayChange(author, base, now.slot.member, path),
    save: saver.now,
    end: () => saver.end(),
    leave: () => {
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

/** The items of a form by path, and where a path of an item list is asked for. */
export function itemAt(items: readonly Item[], path: string): Item | null {
  const direct = items.find((one) => one.path === path);
  if (direct) return direct;
  const [head, , ...part] = path.split("/");
  return items.find((one) => one.path === head)?.items?.find((one) => one.path === part.join("/")) ?? null;
}
