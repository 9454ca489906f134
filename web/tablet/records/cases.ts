// Decides what this tablet knows of joint surveys: those that wait for one's own branch, and for whom a record of one may be made next.

import { awaited, isUnderWay, OUTSIDE } from "../../shared/records/joint.ts";
import type { Heard, Joint } from "../../shared/records/joint.ts";
import { text } from "../../shared/records/json.ts";
import type { Card } from "../../shared/records/card.ts";
import type { Opened } from "../app/opened.ts";
import type { Shelf } from "../store/shelf.ts";

/** `parties`: those that the branch speaks for and whose findings are not all in, as far as this tablet knows. */
export interface Waiting {
  joint: Joint;
  parties: string[];
}

/** What the server does not count, or has not taken. */
const DOUBTFUL = new Set(["faulty", "refused"]);

/** The joint surveys that wait for a branch, the nearest limit first: what is just due comes before what was left long ago. */
export async function waitingCases(shelf: Shelf, branch: string, now: number): Promise<Waiting[]> {
  const cases = (await shelf.between("case", "", "\uffff")).filter((card) => !card.removed).map(jointIn);
  const found = await Promise.all(cases.filter(isUnderWay).map(async (joint) => ({ joint, parties: awaited(joint, await heardOf(shelf, joint), branch) })));
  const off = ({ joint }: Waiting): number => (joint.limit ? Math.abs(Date.parse(joint.limit) - now) : Infinity);
  return found.filter((one) => one.parties.length > 0).sort((one, other) => off(one) - off(other) || 0);
}

/** Whom else its case waits for, of those that the branch speaks for; none where the record is for no case. */
export async function nextParties(opened: Opened, record: Card): Promise<Waiting | null> {
  const { shelf, slot } = opened;
  const card = record.type === "survey" && text(record["case"]) !== "" ? await shelf.get(text(record["case"])) : null;
  if (card === null || !isUnderWay(jointIn(card))) return null;
  const [joint, told] = [jointIn(card), new Set(partiesOf(record).map((one) => one || `branch:${slot.branch}`))];
  const parties = awaited(joint, await heardOf(shelf, joint), slot.branch);
  return { joint, parties: parties.filter((one) => !told.has(one)) };
}

export function jointIn(card: Card): Joint {
  return card["joint"] as unknown as Joint;
}

/** For whom a record speaks: parties without an account, "" for the branch itself. */
function partiesOf(record: Card): string[] {
  const found = (record["findings"] as unknown as Heard["findings"] | undefined) ?? [];
  return [...new Set(found.map((one) => (one.party.startsWith(OUTSIDE) ? one.party : "")))];
}

/** The surveys of a case that are on this tablet. */
async function heardOf(shelf: Shelf, joint: Joint): Promise<Heard[]> {
  const cards = (await shelf.about(joint.id)).filter((card) => card.type === "survey" && text(card["case"]) === joint.id);
  return Promise.all(
    cards.map(async (card) => ({
      branch: text(card["branch"]),
      counts: !card.removed && !DOUBTFUL.has(card.state),
      vouched: partiesOf(card).some(Boolean) && (await isVouched(shelf, card.id)),
      findings: card["findings"] as unknown as Heard["findings"],
    })),
  );
}

/** Whether a signature or a photo is beside a record. */
export async function isVouched(shelf: Shelf, record: string): Promise<boolean> {
  return (await shelf.about(record)).some((one) => one.about === record && !one.removed && (one.type === "signature" || one.type === "photo"));
}
