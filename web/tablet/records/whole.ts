// Decides what belongs to a record when it is read: its text and form, what accompanies it, what was decided of it, what went wrong.

import { text } from "../../shared/records/json.ts";
import { jointOf } from "../../shared/records/joint.ts";
import type { Joint } from "../../shared/records/joint.ts";
import { speaksFor } from "../../shared/write/behalf.ts";
import type { Speaks } from "../../shared/write/behalf.ts";
import { withChecklist } from "../../shared/write/forms.ts";
import type { Json } from "../../shared/records/json.ts";
import type { Body } from "../../shared/records/body.ts";
import { itemsOf } from "../../shared/forms/form.ts";
import type { Values } from "../../shared/forms/form.ts";
import type { Opened } from "../app/opened.ts";
import type { Refusal } from "../store/outbox.ts";
import { fieldsOf } from "./cards.ts";
import type { Card } from "../../shared/records/card.ts";
import { namesOf } from "./names.ts";
import type { Names } from "./names.ts";
import { lastDecision } from "./states.ts";

export interface Remark {
  field: string;
  text: string;
}

export interface Fault {
  field: string;
  zh: string;
  en: string;
}

export interface Whole {
  card: Card;
  body: Body;
  fields: Values;
  form: Values | null;
  names: Names;
  refused: Refusal | null;
  faults: Fault[];
  /** The decision that stands, and what it says of single fields. */
  decision: Card | null;
  remarks: Remark[];
  photos: Card[];
  rating: Values | null;
  signatures: Values[];
  /** A party of the joint survey, without an account, for whom all its findings speak. */
  speaks: Speaks | null;
  /** Other records of the same happening, and those that follow up its problems. */
  joined: Card[];
  followUps: Card[];
}

const DAY_MS = 86_400_000;

/** Everything that this tablet knows of a record; null when it is not here. */
export async function wholeRecord(opened: Opened, id: string): Promise<Whole | null> {
  const { shelf, writer, outbox } = opened;
  const card = await shelf.get(id);
  const body = card === null ? null : await writer.read(card.db, id);
  if (card === null || body === null) return null;
  const [around, names, waiting, activities] = await Promise.all([shelf.about(id), namesOf(shelf), outbox.all(), activitiesNear(opened, card)]);
  const accompanying = around.filter((one) => one.about === id && !one.removed);
  const told = async (type: string): Promise<Values[]> => {
    const bodies = await Promise.all(accompanying.filter((one) => one.type === type).map((one) => writer.read(one.db, one.id)));
    return bodies.filter((one) => one !== null).map(fieldsOf);
  };
  const [ratings, signatures] = await Promise.all([told("rating"), told("signature")]);
  const decision = lastDecision(card, around.filter((one) => one.type === "review"));
  const check = accompanying.find((one) => one.type === "check");
  const together = activities.filter((one) => (one["records"] as string[]).includes(id)).flatMap((one) => one["records"] as string[]);
  const joined = await shelf.getAll([...new Set(together)].filter((one) => one !== id));
  const fields = fieldsOf(body);
  const about = text(fields["case"]);
  const asked = about === "" ? null : await writer.read("shared", about);
  const joint = asked === null ? null : jointOf(about, asked);
  const speaks = card.type === "survey" ? speaksFor(fields) : null;
  const things = joint === null ? [] : [[about, joint.matter] as const, ...joint.outside.map((one) => [one.party, one.name] as const)];
  return {
    card,
    body,
    fields,
    form: withAsked(await formOf(opened, text(body["form"])), joint),
    names: names.with(things),
    refused: waiting.find((one) => one.id === id)?.refused ?? null,
    faults: (check?.["problems"] as unknown as Fault[] | undefined) ?? [],
    decision,
    remarks: decision?.kind === "return" ? ((decision["remarks"] as unknown as Remark[] | undefined) ?? []) : [],
    photos: accompanying.filter((one) => one.type === "photo"),
    rating: ratings[0] ?? null,
    signatures,
    speaks: speaks?.party ? speaks : null,
    joined: joined.filter((one) => one !== null),
    followUps: around.filter((one) => one.about !== id && ((one["followed"] as Json[] | undefined) ?? []).length > 0),
  };
}

/** The form with the checklist of the joint survey in the place of its own, as the record was filled in. */
function withAsked(form: Values | null, joint: Joint | null): Values | null {
  if (joint === null) return form;
  return { fields: { items: withChecklist({ items: form === null ? [] : itemsOf(form) }, joint.checklist).items } } as unknown as Values;
}

async function formOf(opened: Opened, form: string): Promise<Values | null> {
  return form ? await opened.writer.read("centre", form.startsWith("form:") ? form : `form:${form}`) : null;
}

/** Activities that may hold the record: of one happening people tell times that differ, seldom by a day. */
async function activitiesNear(opened: Opened, card: Card): Promise<Card[]> {
  const at = Date.parse(card.at);
  if (Number.isNaN(at)) return [];
  return opened.shelf.between("activity", new Date(at - DAY_MS).toISOString(), new Date(at + DAY_MS).toISOString());
}
