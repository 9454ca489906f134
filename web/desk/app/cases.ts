// Decides how the desk reads a joint survey: what the API tells of a case, by which words, and the items of its checklist as a form would ask
// for them.

import { ref, watch, type Ref } from "vue";
import type { Values } from "../../shared/forms/form.ts";
import { isList, own, text, type Json } from "../../shared/records/json.ts";
import { say } from "../../shared/ui/say.ts";
import { get, Refused } from "./api.ts";
import { nameOf } from "./directory.ts";
import { useLive } from "./live.ts";
import { whyNot } from "./words.ts";

/** Types of documents by which a case may stand otherwise. */
const CHANGING = new Set(["case", "survey", "signature", "photo"]);

export interface Cell {
  party: string;
  finding: string;
  text: string;
  given_by: string;
  record: string;
}

export interface Conclusion {
  conclusion: string;
  text: string;
  issued: string;
  member: string;
}

export interface CaseTold {
  id: string;
  branch: string;
  author: string;
  matter: string;
  subject: string;
  subject_name: string;
  announced: string;
  limit: string;
  /** The limit that was announced, where it was put off since. */
  limit_told: string;
  state: string;
  zh: string;
  en: string;
  overdue: boolean;
  /** It was issued before every party was in and before its limit. */
  early: boolean;
  may_conclude: boolean;
  /** It is a draft that one may change and announce. */
  may_edit: boolean;
  /** What one may add to it, now that it is announced. */
  may_add: string[];
  /** What a change of the case itself is bound to. */
  seen_case: string;
  /** What a conclusion is bound to. */
  seen: string;
  parties: { party: string; state: string; missing: string[] }[];
  names: { [id: string]: string };
  outside: { id: string; name: string; contact: string }[];
  needs: string[];
  need_lines: { item: string; text: string }[];
  /** Ids of what was told only after the announcement: `checklist/…`, `needs/…`; `needs_added`: the latter in words. */
  added: string[];
  needs_added: string[];
  items: { item: string; text: string; disagreement: boolean; cells: Cell[] }[];
  conclusion: Conclusion | null;
  lost: Conclusion[];
  late: { item: string; cell: Cell; taken_back: boolean }[];
  addenda: { item: string; text: string }[];
  passed: { record: string; item: string; party: string; why: string }[];
}

const WHY: { [why: string]: readonly [string, string] } = {
  withdrawn: ["记录已撤回", "its record was taken back"],
  flagged: ["记录内容有误，尚未更正", "its record has faults"],
  undated: ["记录没有可用的时间", "its record says no usable time"],
  unknown_subject: ["踏勘对象不在名册上", "its subject is not registered"],
  member_left: ["参加人当时已离岗", "a participant had left by then"],
  not_on_checklist: ["不在告知的踏勘事项之内", "not on the announced checklist"],
  no_party: ["不是参与单位", "not a party"],
  not_their_own: ["支部只能提出自己的意见", "a branch speaks for itself alone"],
  not_by_lead: ["无账号单位的意见须由牵头支部录入", "of a party without an account the lead's branch enters it"],
  nobody_named: ["没有写明是谁提出", "nobody is named who gave it"],
  not_vouched: ["没有签名或照片为证", "neither a signature nor a photo is beside it"],
};

/** Why a finding does not count. */
export function whyPassed(why: string): string {
  const words = WHY[why];
  return words === undefined ? why : say(words[0], words[1]);
}

export function partyWords(told: CaseTold, party: string): string {
  return told.names[party] || (party.startsWith("outside:") ? say("已不在参与单位之列", "no longer a party") : nameOf(party));
}

export function itemWords(told: CaseTold, item: string): string {
  return told.items.find((one) => one.item === item)?.text || item;
}

/** The case that a record belongs to; null while there is none, or none that may be read. `stamp` changes when it is to be read anew; `missed` hears
 *  why it could not be, "" once it could. */
export function useCase(id: () => string, stamp: () => unknown, missed: (why: string) => void = () => undefined): Ref<CaseTold | null> {
  const told = ref<CaseTold | null>(null);
  async function load(): Promise<void> {
    const asked = id();
    try {
      const found = asked ? await get<CaseTold>(`cases/${encodeURIComponent(asked)}`) : null;
      if (asked !== id()) return;
      told.value = found;
      missed("");
    } catch (error) {
      if (asked === id()) missed(whyNot(error));
      // What is shown stays while the server cannot be reached: somebody may be writing a conclusion beside it.
      if (asked === id() && !(error instanceof Refused && error.status === 0)) told.value = null;
    }
  }
  watch(
    [id, stamp],
    async ([asked], before) => {
      if (asked !== before?.[0]) told.value = null;
      await load();
    },
    { immediate: true },
  );
  useLive((changes) => id() !== "" && (changes === null || changes.some((one) => CHANGING.has(one.type))) && void load());
  return told;
}

/** A form that calls each finding as the announced checklist does. */
export function withChecklist(form: Values | null, told: CaseTold | null): Values | null {
  if (told === null || told.items.length === 0) return form;
  const fields = own(form, "fields");
  const asked = own(fields, "items");
  const items = isList(asked) ? [...asked] : [];
  for (const one of told.items) {
    const path = `findings/${one.item}/finding`;
    const at = items.findIndex((item) => text(own(item, "path")) === path);
    const label = { zh: one.text || one.item, en: one.text || one.item };
    if (at < 0) items.push({ path, kind: "choice", label });
    else items[at] = { ...(items[at] as { [key: string]: Json }), label };
  }
  return { ...form, fields: { ...(fields as { [key: string]: Json } | undefined), items } };
}
