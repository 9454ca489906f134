// Decides what a record is written amid: who writes, who can be named and found, and where its photos lie. A tablet gives its own databases; the
// desk, where a form is tried, gives what is made up.

import type { Card } from "../records/card.ts";
import type { Joint } from "../records/joint.ts";
import type { Json } from "../records/json.ts";
import type { Names } from "./telling.ts";

/** An open problem of an earlier record. */
export interface Earlier {
  /** `<record>#<item>` */
  id: string;
  text: string;
  more: string;
  /** Of the subject that the record is about. */
  own: boolean;
}

export interface PhotoPlace {
  /** Those that the record has already; `record`: its id. */
  of(record: string): Promise<Card[]>;
  /** null when its bytes are not here. */
  get(id: string): Promise<Uint8Array<ArrayBuffer> | null>;
  put(id: string, record: string, bytes: Uint8Array<ArrayBuffer>, taken: number): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface Around {
  /** Who writes, and of which branch. */
  readonly member: string;
  readonly branch: string;
  readonly names: Names;
  readonly photos: PhotoPlace;
  subjects(): Promise<Iterable<Card>>;
  /** When each subject was seen last, by id. */
  seen(): Promise<ReadonlyMap<string, string>>;
  /** All of a type that the directory holds: member, branch, window, unit. */
  directory(type: string): Promise<Card[]>;
  /** The latest of other types that may be referred to. */
  listed(types: readonly string[]): Promise<Card[]>;
  /** Makes a subject on the spot; resolves with its id when it can be found. */
  makeSubject(kind: string, fields: { [path: string]: Json }): Promise<string>;
  openProblems(subject: string, except: string): Promise<Earlier[]>;
  /** The latest records about a subject, the newest first. */
  lastAbout(subject: string): Promise<Card[]>;
  /** What is the same when the same is done again. */
  sameAs(last: Card): Promise<{ [path: string]: Json }>;
  /** A joint survey as it was announced; null when it is not here. */
  joint(id: string): Promise<Joint | null>;
  /** Whether a signature or a photo is beside a record. */
  isVouched(record: string): Promise<boolean>;
}
