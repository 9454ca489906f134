// Decides what of a document a list needs to show, so that no list reads whole records: one card a document.

import type { Body } from "../../shared/records/body.ts";
import { isList, own, text } from "../../shared/records/json.ts";
import type { Json } from "../../shared/records/json.ts";
import { read } from "../../shared/records/body.ts";
import { removal } from "../../shared/records/removals.ts";
import { parseStamp } from "../../shared/records/stamps.ts";
import { initials } from "../../shared/records/pinyin.ts";
import { itemsOf } from "../../shared/records/items.ts";
import { jointOf, saidIn } from "../../shared/records/joint.ts";
import { isRecordType } from "../../shared/records/schema.ts";
import type { Card } from "../../shared/records/card.ts";

type Fields = { readonly [path: string]: Json };

/** The card of a document. `leaves`: how many living leaves it has. */
export function cardOf(id: string, db: string, body: Body, leaves: number): Card {
  const fields = fieldsOf(body);
  const type = text(body["type"]);
  const card: Card = {
    id,
    db,
    type,
    at: timeOf(body, fields),
    about: text(fields["record"]),
    author: text(body["author"]),
    name: text(fields["name"]) || text(fields["title"]) || text(fields["matter"]),
    kind: text(fields["kind"]) || text(fields["decision"]),
    subject: text(fields["subject"]),
    state: text(fields["state"]),
    removed: "withdrawn" in fields && removal(read([body]).writes).inForce,
    leaves,
  };
  return { ...card, ...more(id, type, fields, body) };
}

export function fieldsOf(body: Body): Fields {
  const fields = own(body, "fields");
  return (typeof fields === "object" && fields !== null && !Array.isArray(fields) ? fields : {}) as Fields;
}

/** The members of a set that are in it. */
export function membersOf(fields: Fields, set: string): string[] {
  const head = `${set}/`;
  return Object.keys(fields).filter((path) => path.startsWith(head) && fields[path] === true).map((path) => path.slice(head.length));
}

function more(id: string, type: string, fields: Fields, body: Body): { [name: string]: Json } {
  if (isRecordType(type)) {
    const problems = [...itemsOf(fields, "problems")].map(([item, parts]) => ({
      item,
      text: text(parts["text"]),
      state: text(parts["state"]) || "open",
      due: text(parts["due"]),
      owner: text(parts["owner"]),
    }));
    return {
      period: fields["period"] ?? null,
      participants: membersOf(fields, "participants"),
      problems: problems as Json,
      followed: [...itemsOf(fields, "follow_ups").values()].map((parts) => [text(parts["problem"]), text(parts["state"])]) as Json,
      ...(fields["case"] ? { case: text(fields["case"]), branch: text(body["branch"]), findings: saidIn(fields) as unknown as Json } : {}),
    };
  }
  switch (type) {
    case "subject":
      return {
        address: text(fields["address"]),
        place: fields["place"] ?? null,
        initials: initials(text(fields["name"])),
      };
    case "review":
      return {
        seen: text(fields["seen"]),
        supersedes: text(fields["supersedes"]),
        order: text(own(own(body, "stamps"), "")),
        same_as: text(fields["same_as"]),
        text: text(fields["text"]),
        remarks: [...itemsOf(fields, "remarks").values()].map((one) => ({ field: text(one["field"]), text: text(one["text"]) })) as Json,
      };
    case "check":
      return { problems: isList(fields["problems"]) ? fields["problems"] : [] };
    case "photo":
      return { digest: text(fields["digest"]), caption: text(fields["caption"]) };
    case "assignment":
      return {
        member: text(fields["member"]),
        days: fields["days"] ?? null,
        problem: text(fields["problem"]),
        text: text(fields["text"]),
        supersedes: text(fields["supersedes"]),
      };
    case "activity":
      return { records: membersOf(fields, "records"), period: fields["period"] ?? null };
    case "activity_record":
      return { month: text(fields["month"]), number: fields["number"] ?? 0, activities: membersOf(fields, "activities") };
    case "member":
      return { branch: text(fields["branch"]), role: text(fields["role"]), active: fields["active"] !== false, initials: initials(text(fields["name"])) };
    case "form":
      return { for: text(fields["for"]), number: fields["number"] ?? 0, active: fields["active"] !== false, from: text(fields["from"]) };
    case "case":
      return { joint: jointOf(id, body) as unknown as Json };
    case "rating":
      return { score: fields["score"] ?? null };
    default:
      return {};
  }
}

/** When it was: a record by its start, everything else by when it was made. */
function timeOf(body: Body, fields: Fields): string {
  const period = fields["period"];
  const start = isList(period) ? text(period[0]) : text(fields["at"]) || text(fields["due"]);
  if (start) return start;
  const stamp = parseStamp(text(own(own(body, "stamps"), "")));
  return stamp === null ? "" : new Date(stamp.ms).toISOString().slice(0, 19) + "Z";
}
