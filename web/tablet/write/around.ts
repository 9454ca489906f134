// Decides what a record is written amid on a tablet: its own databases, so that everything works without a network.

import { jointOf } from "../../shared/records/joint.ts";
import type { Around } from "../../shared/write/around.ts";
import { namesFrom } from "../../shared/write/telling.ts";
import { newId } from "../../shared/records/ids.ts";
import { written } from "../app/live.ts";
import type { Opened } from "../app/opened.ts";
import { sameAs } from "../records/begin.ts";
import { isVouched } from "../records/cases.ts";
import { openProblems } from "./earlier.ts";

const RECENT = 150;
const LISTED_MAX = 300;
const LOOKED_BACK = 10;
/** One for each opening, so that a name is looked up once. */
const known = new WeakMap<Opened, Around>();

export function aroundOf(now: Opened): Around {
  const held = known.get(now) ?? made(now);
  known.set(now, held);
  return held;
}

function made(now: Opened): Around {
  const { shelf, photos } = now;
  return {
    get member() {
      return now.slot.member;
    },
    get branch() {
      return now.slot.branch;
    },
    names: namesFrom((id) => shelf.get(id)),
    photos: {
      of: async (record) => (await shelf.about(record)).filter((one) => one.type === "photo" && !one.removed),
      get: (id) => photos.get(id),
      put: (id, record, bytes, taken) => photos.put(id, record, bytes, taken),
      remove: (id) => photos.remove(id),
    },
    subjects: async () => (await shelf.subjects()).values(),
    async seen() {
      const lists = await Promise.all(["visit", "service", "survey"].map((type) => shelf.list(type, RECENT)));
      const last = new Map<string, string>();
      for (const card of lists.flat()) if (card.subject && card.at > (last.get(card.subject) ?? "")) last.set(card.subject, card.at);
      return last;
    },
    directory: (type) => shelf.between(type, "", "\uffff"),
    listed: async (types) => (await Promise.all(types.map((type) => shelf.list(type, LISTED_MAX)))).flat(),
    async makeSubject(kind, fields) {
      const id = newId(kind, Date.now());
      await now.writer.create(`branch-${now.slot.branch}`, "subject", id, fields);
      // It is kept: that lists do not show it yet is no reason to make it again.
      await written().catch(console.error);
      return id;
    },
    openProblems: (subject, except) => openProblems(now, subject, except),
    lastAbout: (subject) => shelf.lastAbout(subject, LOOKED_BACK),
    sameAs: (last) => sameAs(now, last),
    async joint(id) {
      const body = await now.writer.read("shared", id);
      return body === null ? null : jointOf(id, body);
    },
    isVouched: (record) => isVouched(shelf, record),
  };
}
