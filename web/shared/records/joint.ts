// Decides what of a joint survey tells whoever records for it: what was announced, who is a party, and which parties one's branch has still to
// speak for. Pure, and as the server reads it (JS1 to JS3).

import { read } from "./body.ts";
import type { Body } from "./body.ts";
import { itemsOf } from "./items.ts";
import { isObject, NotCanonical, own, text } from "./json.ts";
import type { Json } from "./json.ts";
import { removal } from "./removals.ts";
import type { Write } from "./writes.ts";

/** A party without an account; `party` as a finding names it: `outside:01K9…`. */
export interface Outside {
  party: string;
  name: string;
}

/** `branch`: the lead's; `branches`: those that are parties; `limit` and `issued` are "" where there is none. */
export interface Joint {
  id: string;
  branch: string;
  subject: string;
  matter: string;
  announced: string;
  limit: string;
  issued: string;
  withdrawn: boolean;
  branches: string[];
  outside: Outside[];
  checklist: { code: string; text: string }[];
  needs: string[];
}

/** A survey of the case as lists know it. `vouched`: a signature or photo is beside it; `given`: the finding names who gave it. */
export interface Heard {
  branch: string;
  counts: boolean;
  vouched: boolean;
  findings: readonly { item: string; party: string; given: boolean }[];
}

export const OUTSIDE = "outside:";
export const BRANCH = "branch:";

export function jointOf(id: string, body: Body): Joint {
  const fields = fieldsOf(body);
  const branch = text(body["branch"]);
  // Few cases have anything removed, and reading every write of one takes longer.
  const writes = Object.keys(fields).some((path) => path === "withdrawn" || path.endsWith("/withdrawn")) ? writesOf(body) : [];
  const named = Object.keys(fields).filter((path) => path.startsWith("parties/") && fields[path] === true).map((path) => path.slice("parties/".length));
  const branches = new Set([...(fields[`parties/${branch}`] === false || branch === "" ? [] : [branch]), ...named]);
  const told = (list: string, part: string): [item: string, words: string][] => there(fields, writes, list, part);
  return {
    id,
    branch,
    subject: text(fields["subject"]),
    matter: text(fields["matter"]),
    announced: text(fields["announced"]),
    limit: text(fields["limit"]),
    issued: text(fields["issued"]),
    withdrawn: "withdrawn" in fields && removal(writes).inForce,
    branches: [...branches].sort(),
    outside: told("outside", "name").map(([item, name]) => ({ party: `${OUTSIDE}${item}`, name })),
    checklist: told("checklist", "text").map(([code, words]) => ({ code, text: words })),
    needs: told("needs", "text").map(([, words]) => words),
  };
}

/** The parties that a branch speaks for and whose findings are not all in: itself (`branch:b03`), and those without an account where it leads. */
export function awaited(joint: Joint, heard: readonly Heard[], branch: string): string[] {
  const itself = `${BRANCH}${branch}`;
  const parties = [...(joint.branches.includes(branch) ? [itself] : []), ...(joint.branch === branch ? joint.outside.map((one) => one.party) : [])];
  return parties.filter((party) => {
    const told = new Set(heard.filter((one) => one.counts && one.branch === branch).flatMap((one) => itemsFor(party, itself, one)));
    if (joint.checklist.length > 0) return joint.checklist.some(({ code }) => !told.has(code));
    return told.size === 0 && !(party === itself && heard.some((one) => one.counts && one.branch === branch));
  });
}

/** Whether findings may be recorded for it: it was announced, and neither concluded nor taken back. */
export function isUnderWay(joint: Joint): boolean {
  return joint.announced !== "" && joint.issued === "" && !joint.withdrawn;
}

function itemsFor(party: string, itself: string, heard: Heard): string[] {
  const speaks = (one: Heard["findings"][number]): boolean =>
    party === itself ? !one.party.startsWith(OUTSIDE) && (!one.party.startsWith(BRANCH) || one.party === itself) : one.party === party && one.given && heard.vouched;
  return heard.findings.filter(speaks).map((one) => one.item);
}

function there(fields: { readonly [path: string]: Json }, writes: readonly Write[], list: string, part: string): [string, string][] {
  const said = Object.entries(fields).flatMap(([path, value]): [string, string][] => {
    const [head, item, of, more] = path.split("/");
    return head === list && item && of === part && more === undefined && text(value) !== "" ? [[item, text(value)]] : [];
  });
  return said.filter(([item]) => !(`${list}/${item}/withdrawn` in fields && removal(writes, `${list}/${item}`).inForce));
}

function writesOf(body: Body): Write[] {
  try {
    return [...read([body]).writes];
  } catch (error) {
    if (error instanceof NotCanonical) return [];
    throw error;
  }
}

function fieldsOf(body: Body): { readonly [path: string]: Json } {
  const fields = own(body, "fields");
  return isObject(fields) ? fields : {};
}

/** What a survey says for whom, by item; as `Heard` has it. */
export function saidIn(fields: { readonly [path: string]: Json }): Heard["findings"] {
  const told = [...itemsOf(fields, "findings")].filter(([, parts]) => text(parts["finding"]) !== "");
  return told.map(([item, parts]) => ({ item, party: text(parts["party"]), given: text(parts["given_by"]) !== "" }));
}
