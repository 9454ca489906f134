// Decides which words the app has for states, types and options.

import { fieldInfo, typeInfo } from "../records/schema.ts";
import { sayOf } from "./say.ts";

interface Words {
  zh: string;
  en: string;
  tone: "bad" | "wait" | "good" | "calm" | "";
}

const STATES: { [state: string]: Words } = {
  refused: { zh: "未被接收", en: "not taken", tone: "bad" },
  returned: { zh: "已退回", en: "returned", tone: "bad" },
  faulty: { zh: "需更正", en: "needs correction", tone: "bad" },
  here: { zh: "仅在本机", en: "on this tablet", tone: "wait" },
  settling: { zh: "合并中", en: "being settled", tone: "wait" },
  amended: { zh: "修订待审", en: "amended", tone: "wait" },
  sent: { zh: "已到支部", en: "with the branch", tone: "calm" },
  approved: { zh: "已审核", en: "reviewed", tone: "good" },
  recorded: { zh: "已入台账", en: "in the month's record", tone: "good" },
  withdrawn: { zh: "已撤回", en: "withdrawn", tone: "" },
  draft: { zh: "草稿", en: "draft", tone: "wait" },
};

export function stateWords(state: string): Words {
  return STATES[state] ?? { zh: "已到支部", en: "with the branch", tone: "calm" };
}

export function typeWords(type: string): string {
  return sayOf(typeInfo(type));
}

/** An option of a field in words; the value itself where nobody has described it. */
export function optionWords(type: string, path: string, value: string | number): string {
  return sayOf(fieldInfo(type, path)?.options?.[String(value)]) || String(value);
}

export function fieldWords(type: string, path: string): string {
  return sayOf(fieldInfo(type, path)) || path;
}
