// Decides what a draft holds: everything that was given for a record that is not finished.

import type { Json } from "../records/json.ts";
import type { Speaks } from "./behalf.ts";

/** A picture taken for a record that is not finished; `id` is that of its document to be, and of its bytes. */
export interface DraftPhoto {
  id: string;
  digest: string;
  size: number;
  width: number;
  height: number;
  /** When it was taken, UTC. */
  at: string;
  caption: string;
}

export interface Draft {
  /** The id that the record has, or will have. */
  id: string;
  type: string;
  db: string;
  /** The form by which it is filled in. */
  form: string;
  /** A record that is being changed: only what differs from it is in `values`. */
  edits: boolean;
  values: { [path: string]: Json };
  /** Other records made with the same answers, one for each of these subjects, each with the id that it will have. */
  alsoFor: { subject: string; id: string }[];
  /** Pictures whose bytes are kept beside; their documents are written with the record. */
  photos: DraftPhoto[];
  /** Documents of photos that the record is to lose. */
  photosGone: string[];
  /** A place was taken back on purpose: it is not looked for again. */
  placeless: boolean;
  /** For whom its findings speak, where that was chosen. */
  speaks?: Speaks;
  /** Where one was: the step of the screen. */
  step: number;
  /** Milliseconds since 1970. */
  at: number;
}
