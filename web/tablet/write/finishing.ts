// Decides what is written when a record is finished. All ids are in the draft, so finishing again after a crash writes nothing twice.

import type { Json } from "../../shared/records/json.ts";
import type { Draft, DraftPhoto } from "../../shared/write/draft.ts";
import type { Drafts } from "../store/drafts.ts";
import type { Writer } from "../store/writer.ts";
import type { Values } from "../../shared/write/values.ts";

export type Act =
  | { do: "create"; db: string; type: string; id: string; values: Values; form: string }
  | { do: "edit"; db: string; id: string; values: Values }
  | { do: "withdraw"; db: string; id: string; item: string };

/** What was found at one household is not found at all of them. */
const ONE_S_OWN = /^(problems|follow_ups|needs|findings)\//;
const WITHDRAWN = /^(.+)\/withdrawn$/;

/** Write the record and its photos, then let go of the draft. */
export async function finish(to: { writer: Pick<Writer, "create" | "edit" | "withdraw">; drafts: Pick<Drafts, "remove"> }, draft: Draft): Promise<void> {
  for (const act of actsOf(draft)) {
    if (act.do === "create") await to.writer.create(act.db, act.type, act.id, act.values, act.form);
    else if (act.do === "edit") await to.writer.edit(act.db, act.id, act.values);
    else await to.writer.withdraw(act.db, act.id, act.item, "");
  }
  await to.drafts.remove(draft.id);
}

/** In the order in which they are written: a photo after the record that it belongs to. */
export function actsOf(draft: Draft): Act[] {
  const records = draft.edits ? changesOf(draft) : newOnes(draft);
  const photos = draft.photos.map((photo): Act => ({ do: "create", db: draft.db, type: "photo", id: photo.id, values: photoOf(draft, photo), form: "" }));
  const gone = draft.photosGone.map((id): Act => ({ do: "withdraw", db: draft.db, id, item: "" }));
  return [...records, ...photos, ...gone];
}

function newOnes(draft: Draft): Act[] {
  const form = draft.form.replace(/^form:/, "");
  const values = Object.fromEntries(Object.entries(draft.values).filter(([, value]) => value !== null));
  const shared = Object.fromEntries(Object.entries(values).filter(([path]) => !ONE_S_OWN.test(path)));
  const others = draft.alsoFor.filter((one) => one.subject !== values["subject"]);
  const made = (id: string, given: Values): Act => ({ do: "create", db: draft.db, type: draft.type, id, values: given, form });
  return [made(draft.id, values), ...others.map((other) => made(other.id, { ...shared, subject: other.subject }))];
}

/** Only what differs; an item is withdrawn as what it says here. */
function changesOf(draft: Draft): Act[] {
  const { db, id } = draft;
  const changes = Object.fromEntries(Object.entries(draft.values).filter(([path]) => !WITHDRAWN.test(path)));
  const removed = Object.keys(draft.values).flatMap((path) => WITHDRAWN.exec(path)?.[1] ?? []);
  const edit: Act[] = Object.keys(changes).length > 0 ? [{ do: "edit", db, id, values: changes }] : [];
  return [...edit, ...removed.map((item): Act => ({ do: "withdraw", db, id, item }))];
}

function photoOf(draft: Draft, photo: DraftPhoto): Values {
  const { digest, size, width, height, at, caption } = photo;
  const place = draft.values["place"] as Json | undefined;
  return { record: draft.id, digest, size, media: "image/jpeg", width, height, at, ...(caption ? { caption } : {}), ...(place ? { place } : {}) };
}
