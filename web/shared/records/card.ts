// Decides what a card is: of a document only what a list needs to show.

import type { Json } from "./json.ts";

/** What every card has, and what those of its type have beside. */
export interface Card {
  id: string;
  db: string;
  type: string;
  at: string;
  about: string;
  author: string;
  /** Name of a subject or person, title of an event or notice, matter of a service. */
  name: string;
  /** A subject's or record's kind; a decision; an assignment's kind. */
  kind: string;
  subject: string;
  /** A record: how it stands (see `states.ts`); an assignment, case or activity record: its own state. */
  state: string;
  removed: boolean;
  [more: string]: Json;
}
