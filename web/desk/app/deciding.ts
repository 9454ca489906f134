// Decides who may decide about a record at the desk, and who can where one may not: the server decides the same, this says it beforehand.

import { ref } from "vue";
import { say } from "../../shared/ui/say.ts";
import { get } from "./api.ts";
import { me } from "./session.ts";

interface Person {
  id: string;
  fields: { name?: string; branch?: string; role?: string; active?: boolean };
}

const people = ref<Person[]>([]);
const asked = new Set<string>();

/** Who is secretary or deputy of a branch, read once. */
function readPeople(branch: string): void {
  if (asked.has(branch)) return;
  asked.add(branch);
  const held = (role: string): Promise<{ members: Person[] }> => get("directory/members", { branch, role, active: "true" });
  Promise.all([held("secretary"), held("deputy")])
    .then((told) => void (people.value = [...people.value, ...told.flatMap((one) => one.members)]))
    .catch(() => void asked.delete(branch));
}

/** "" for whoever may decide about a record of this branch by this author, else why not and who can. */
export function whyNotDecide(branch: string, author: string): string {
  const who = me.value;
  if (who === null) return "";
  const decides = ["secretary", "deputy", "committee"].includes(who.role);
  if (decides && who.member !== author && (who.role === "committee" || who.branch === branch)) return "";
  readPeople(branch);
  const can = deciders(branch, author);
  if (decides && who.member === author) return say(`这是您本人的记录，本人不能审核。可由${can.zh}审核。`, `This is your own record: nobody decides on an own one. It is for ${can.en}.`);
  if (who.role === "administrator") return say(`管理员不审核记录。可由${can.zh}审核。`, `Administrators decide on no records. It is for ${can.en}.`);
  if (decides) return say(`这是其他支部的记录，可由${can.zh}审核。`, `This is another branch's record: it is for ${can.en}.`);
  return say(`审核由${can.zh}进行，您可以查看。`, `You may read it. It is decided by ${can.en}.`);
}

function deciders(branch: string, author: string): { zh: string; en: string } {
  const of = (role: string): string[] => people.value.filter((one) => one.fields.role === role && one.fields.branch === branch && one.id !== `member:${author}` && one.fields.active !== false).map((one) => one.fields.name ?? "");
  const [secretaries, deputies] = [of("secretary").filter(Boolean), of("deputy").filter(Boolean)];
  const named = [
    ...secretaries.map((name) => [`支部书记${name}`, `the secretary ${name}`] as const),
    ...deputies.map((name) => [`副书记${name}`, `the deputy ${name}`] as const),
    ...(secretaries.length + deputies.length > 0 ? [] : [["本支部其他书记、副书记", "the branch's other secretary or deputy"] as const]),
    ["机关党委", "the committee"] as const,
  ];
  return { zh: named.map((one) => one[0]).join("、").replace(/、([^、]*)$/, "或$1"), en: named.map((one) => one[1]).join(" or ") };
}
