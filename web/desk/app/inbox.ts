// Decides by which words the desk tells why something waits.

import { say } from "../../shared/ui/say.ts";

export const KINDS = ["new", "corrected", "amended", "disputed", "join", "same_subject", "quarantined", "faulty", "overdue", "month"] as const;

const WORDS: { [kind: string]: readonly [string, string] } = {
  new: ["新记录", "new"],
  corrected: ["已更正", "corrected"],
  amended: ["审核后修订", "amended"],
  disputed: ["待裁定", "disputed"],
  join: ["疑似同一活动", "perhaps one activity"],
  same_subject: ["疑似同一对象", "perhaps one subject"],
  quarantined: ["被隔离", "quarantined"],
  faulty: ["内容有误", "faulty"],
  overdue: ["问题逾期", "overdue"],
  month: ["月度台账", "a month"],
};

export function kindWords(kind: string): string {
  const words = WORDS[kind];
  return words === undefined ? kind : say(words[0], words[1]);
}
