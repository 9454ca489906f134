// Decides how a record begins: its type's form, the time filled in, who is here, and, where asked, as last time.

import { text } from "../../shared/records/json.ts";
import type { Json } from "../../shared/records/json.ts";
import type { Opened } from "../app/opened.ts";
import type { Draft } from "../../shared/write/draft.ts";
import { OURSELVES } from "../../shared/write/behalf.ts";
import type { Speaks } from "../../shared/write/behalf.ts";
import { fieldsOf } from "./cards.ts";
import type { Card } from "../../shared/records/card.ts";
import { newId } from "../../shared/records/ids.ts";
import type { RecordType } from "../../shared/records/schema.ts";

/** What is the same when the same is done again; what was found and said is not. */
const AS_LAST_TIME = /^(subject|kind|matter|matter_code|matter_kind|window|address|participants\/.*|title|host|privacy)$/;

/** What is the same when a site is surveyed once and another party's findings of it are recorded: all but what was found. */
const SAME_SURVEY = /^(subject|case|matter|kind|window|address|place|period|participants\/.*|parties\/.*)$/;

/** A draft, kept from its first moment. */
export async function begin(opened: Opened, type: RecordType, given: { [path: string]: Json } = {}, speaks: Speaks = OURSELVES): Promise<Draft> {
  const now = Date.now();
  const form = await currentForm(opened, type, text(given["kind"]));
  const start = new Date(now).toISOString().slice(0, 19) + "Z";
  const draft: Draft = {
    id: newId(type, now),
    type,
    db: `branch-${opened.slot.branch}`,
    form: form?.id ?? "",
    edits: false,
    values: { period: [start, null], [`participants/${opened.slot.member}`]: true, ...given },
    alsoFor: [],
    photos: [],
    photosGone: [],
    placeless: false,
    ...(speaks.party ? { speaks } : {}),
    step: 0,
    at: now,
  };
  await opened.drafts.put(draft);
  return draft;
}

/** The same again: whom, what kind, with whom, as the last record said; when and what came of it are new. */
export async function asLastTime(opened: Opened, last: Card): Promise<Draft> {
  return begin(opened, last.type as RecordType, await sameAs(opened, last));
}

/** Of the same survey what another party found; `party`: one without an account, or "" for one's own branch. */
export async function alsoFor(opened: Opened, survey: Card, party: string): Promise<Draft> {
  return begin(opened, "survey", await taken(opened, survey, SAME_SURVEY), { party, givenBy: "" });
}

/** What of a record is the same when the same is done again. */
export async function sameAs(opened: Opened, last: Card): Promise<{ [path: string]: Json }> {
  return taken(opened, last, AS_LAST_TIME);
}

async function taken(opened: Opened, last: Card, paths: RegExp): Promise<{ [path: string]: Json }> {
  const body = await opened.writer.read(last.db, last.id);
  const fields = body === null ? {} : fieldsOf(body);
  return Object.fromEntries(Object.entries(fields).filter(([path, value]) => paths.test(path) && value !== null && value !== false));
}

/** A record is changed: the draft holds only what will differ. */
export async function change(opened: Opened, record: Card): Promise<Draft> {
  const held = await opened.drafts.get(record.id);
  if (held !== null) return held;
  const body = await opened.writer.read(record.db, record.id);
  const form = text(body?.["form"]);
  const draft: Draft = {
    id: record.id,
    type: record.type,
    db: record.db,
    form: form ? `form:${form}` : ((await currentForm(opened, record.type as RecordType, record.kind))?.id ?? ""),
    edits: true,
    values: {},
    alsoFor: [],
    photos: [],
    photosGone: [],
    placeless: false,
    step: 0,
    at: Date.now(),
  };
  await opened.drafts.put(draft);
  return draft;
}

/** The form in use for a type: one made for the kind before the general one, and the highest number of those in use. */
export async function currentForm(opened: Opened, type: RecordType, kind: string): Promise<Card | null> {
  const today = new Date().toISOString().slice(0, 10);
  const all = await opened.shelf.between("form", "", "\uffff");
  const usable = all.filter((one) => one["for"] === type && one["active"] && (!one["from"] || String(one["from"]) <= today));
  const fitting = usable.filter((one) => one.kind === kind && kind !== "");
  const among = fitting.length > 0 ? fitting : usable.filter((one) => one.kind === "");
  return among.sort((one, other) => Number(other["number"]) - Number(one["number"]))[0] ?? null;
}
