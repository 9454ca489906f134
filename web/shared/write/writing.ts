// Decides what the screen of a record works on: the draft, what its record says already, its form, and what is wrong or remarked.

import { computed, inject, provide, reactive, ref, shallowRef } from "vue";
import type { ComputedRef, InjectionKey, Ref, ShallowRef } from "vue";
import { visible } from "../forms/form.ts";
import type { Item, Problem } from "../forms/form.ts";
import { text } from "../records/json.ts";
import type { Json } from "../records/json.ts";
import type { Joint } from "../records/joint.ts";
import { dayOf } from "../ui/time.ts";
import type { Around } from "./around.ts";
import { OURSELVES, speaksFor, withSpeaker } from "./behalf.ts";
import type { Speaks } from "./behalf.ts";
import type { Draft } from "./draft.ts";
import { faultsOf, keptUntil } from "./faults.ts";
import { bestForm, fieldsAsForm, withChecklist, withKinds } from "./forms.ts";
import type { Form } from "./forms.ts";
import { stepsOf } from "../forms/steps.ts";
import type { Step } from "../forms/steps.ts";
import { joined, mayChange, withoutItem, withValue } from "./values.ts";
import type { Values } from "./values.ts";

export interface Remark {
  field: string;
  text: string;
}

/** `failed`: the disk is full, or does not answer; what was typed is still on the screen and is tried again. */
export interface Saving {
  state: "saved" | "saving" | "failed";
  at: number;
}

/** What keeps a draft while it is written. */
export interface Keeper {
  readonly saving: Saving;
  later(draft: Draft): void;
  now(): Promise<void>;
  /** The draft is done with. */
  end(): Promise<void>;
  leave(): void;
}

export interface Writing {
  readonly around: Around;
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
  /** The joint survey that is named; null when none is, or it is not on this tablet. */
  readonly joint: ShallowRef<Joint | null>;
  /** The joint survey that is named is not on this tablet. */
  readonly caseMissing: Ref<boolean>;
  /** For whom the findings speak; null where those of a record speak for several, which is left as it is. */
  readonly speaks: ComputedRef<Speaks | null>;
  /** It may be chosen for whom: one's branch leads a joint survey with parties that have no account. */
  readonly mayChooseSpeaker: ComputedRef<boolean>;
  set(path: string, value: Json): void;
  setAll(values: Values): void;
  speakFor(speaks: Speaks): void;
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

export interface Begun {
  around: Around;
  held: Draft;
  /** What its record says already. */
  base: Values;
  author: string;
  /** The forms of its type that are here. */
  known: () => readonly Form[];
  returned: Writing["returned"];
  keeper: Keeper;
}

export function writingOf({ around, held, base, author, known, returned, keeper }: Begun): Writing {
  const draft = shallowRef(held);
  const values = computed(() => joined(base, draft.value.values));
  const named = computed(() => known().find((one) => one.id !== "" && one.id === draft.value.form) ?? null);
  const joint = shallowRef<Joint | null>(null);
  const caseMissing = ref(false);
  const form = computed(() => {
    const found = named.value ?? bestForm(known(), text(values.value["kind"])) ?? fieldsAsForm(held.type);
    return withChecklist(withKinds(found, known()), joint.value?.checklist ?? []);
  });
  const asDocument = computed(() => ({ fields: { items: form.value.items } }) as unknown as Values);
  const shown = computed(() => new Set(visible(asDocument.value, values.value)));

  const speaks = computed(() => draft.value.speaks ?? speaksFor(values.value));
  const mayChooseSpeaker = computed(() => {
    if (held.type !== "survey" || speaks.value === null) return false;
    return speaks.value.party !== "" || (joint.value?.branch === around.branch && joint.value.outside.length > 0);
  });

  function change(part: Partial<Draft>): void {
    draft.value = { ...draft.value, ...part, at: Date.now() };
    keeper.later(draft.value);
  }

  function setAll(given: Values): void {
    const before = values.value["case"] ?? "";
    const next = Object.entries(given).reduce((typed, [path, value]) => withValue(base, typed, path, value), draft.value.values as Values);
    change({ values: spoken(next) });
    if ("kind" in given && !held.edits) change({ form: bestForm(known(), text(values.value["kind"]))?.id ?? "" });
    if ("case" in given) void takeCase(before !== (values.value["case"] ?? ""));
    // Whoever says that notice was given need not think of a day as well.
    if (text(given["privacy"]) && !values.value["keep_until"]) setAll({ keep_until: keptUntil(dayOf(Date.now())) });
  }

  function spoken(typed: Values, by = speaks.value): Draft["values"] {
    return (held.type === "survey" && by !== null ? withSpeaker(base, typed, by) : typed) as Draft["values"];
  }

  function speakFor(by: Speaks): void {
    change({ speaks: by, values: spoken(draft.value.values, by) });
  }

  /** `chosen`: another one than before, just now. */
  async function takeCase(chosen = false): Promise<void> {
    const id = text(values.value["case"]);
    // The parties of another case are others.
    if (chosen && speaks.value !== null && speaks.value.party !== "") speakFor(OURSELVES);
    const found = id === "" ? null : await around.joint(id);
    if (id !== text(values.value["case"])) return;
    caseMissing.value = id !== "" && found === null;
    joint.value = found;
    if (held.edits || held.type !== "survey") return;
    const given = Object.entries(takenFrom(found, chosen)).filter(([path, value]) => (values.value[path] ?? null) !== value);
    if (given.length > 0) setAll(Object.fromEntries(given));
  }

  /** What a new survey takes from its case: that one's own branch reads it, and, once it is chosen, what it is about where nothing was said. */
  function takenFrom(found: Joint | null, chosen: boolean): Values {
    const reads = `parties/${around.branch}`;
    if (found === null) return chosen ? { [reads]: null } : {};
    const empty = (path: string): boolean => chosen && !values.value[path];
    return {
      ...(found.branches.includes(around.branch) ? { [reads]: true } : {}),
      ...(empty("subject") && found.subject ? { subject: found.subject } : {}),
      ...(empty("matter") && found.matter ? { matter: found.matter } : {}),
    };
  }
  void takeCase();

  return {
    around,
    draft,
    base,
    values,
    form,
    shown,
    steps: computed(() => stepsOf(held.type, form.value.items, shown.value)),
    faults: computed(() => faultsOf(asDocument.value, values.value, speaks.value)),
    saving: keeper.saving,
    returned,
    looked: reactive(new Set<string>()),
    foreign: author !== around.member,
    formMissing: computed(() => form.value.id === "" || (draft.value.form !== "" && named.value === null)),
    joint,
    caseMissing,
    speaks,
    mayChooseSpeaker,
    set: (path, value) => setAll({ [path]: value }),
    setAll,
    speakFor,
    dropItem: (item) => change({ values: withoutItem(base, draft.value.values, item) as Draft["values"] }),
    change,
    mayChange: (path) => mayChange(author, base, around.member, path),
    save: () => keeper.now(),
    end: () => keeper.end(),
    leave: () => keeper.leave(),
  };
}

/** The items of a form by path, and where a path of an item list is asked for. */
export function itemAt(items: readonly Item[], path: string): Item | null {
  const direct = items.find((one) => one.path === path);
  if (direct) return direct;
  const [head, , ...part] = path.split("/");
  return items.find((one) => one.path === head)?.items?.find((one) => one.path === part.join("/")) ?? null;
}
