// Decides which phrases are offered for a text: what one has said before and again, then a few to begin with.

import { hashed } from "../records/json.ts";

/** Where what was said is kept. */
export interface Notes {
  get<T>(name: string): Promise<T | null>;
  set(name: string, value: unknown): Promise<void>;
}

const OWN_MAX = 12;
const ONCE_MAX = 200;
const SHOWN_MAX = 8;
const CHARACTERS_MIN = 3;
const CHARACTERS_MAX = 36;

const FIRST: { readonly [field: string]: readonly string[] } = {
  talked: ["了解近期生活和身体情况", "宣传惠民政策", "讲解办事流程", "听取意见建议", "询问就业和子女上学情况"],
  found: ["身体状况良好", "住房安全，水电正常", "收入稳定，生活无困难", "经营正常", "有政策需求，已记录", "家中无人，已电话联系"],
  brought: ["米、面、油", "慰问金", "政策宣传单", "常用药品", "党员联系卡"],
  outcome: ["当场解答", "已协调办理", "群众表示满意", "约定下次走访", "已转相关窗口跟进"],
  narrative: ["情况正常，无异常", "按计划走访", "已告知联系方式", "需持续跟进"],
  result: ["当场办结", "材料齐全，已受理", "已帮助网上提交", "证照已送达", "待补齐材料后办理"],
  resolution: ["一致同意", "按计划执行"],
  conclusion_text: ["现场符合要求", "整改后复核", "一次性告知需补齐事项"],
  "problems/text": ["房屋漏雨", "下水道堵塞", "路灯不亮", "停车困难", "办事材料不清楚", "政策待遇未落实"],
  "follow_ups/text": ["已联系责任单位", "正在协调", "已现场核实", "已解决，群众满意", "需进一步核实"],
  "needs/text": ["营业场所证明", "消防安全材料", "平面布局图", "负责人身份证明"],
  "findings/text": ["与申报材料一致", "需限期整改", "需补充材料"],
};

interface Said {
  own: string[];
  /** Hashes of what was said once: only what is said again becomes a phrase, so that nothing about one household is kept here. */
  once: string[];
}

async function said(notes: Notes, field: string): Promise<Said> {
  return (await notes.get<Said>(`phrases ${field}`)) ?? { own: [], once: [] };
}

/** For which field a phrase is kept: `narrative`; of any item of a list `problems/text`. */
export function phraseField(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? `${parts[0]}/${parts.at(-1)}` : path;
}

export async function phrasesFor(notes: Notes, field: string): Promise<string[]> {
  const { own } = await said(notes, field);
  return [...new Set([...own, ...(FIRST[field] ?? [])])].slice(0, SHOWN_MAX);
}

/** What is said again and again is offered, the latest first. */
export async function remember(notes: Notes, field: string, words: string): Promise<void> {
  const fresh = sentences(words).filter((one) => !FIRST[field]?.includes(one));
  if (fresh.length === 0) return;
  const { own, once } = await said(notes, field);
  const again = fresh.filter((one) => own.includes(one) || once.includes(hashed(one)));
  const first = fresh.filter((one) => !again.includes(one)).map(hashed);
  await notes.set(`phrases ${field}`, { own: [...new Set([...again, ...own])].slice(0, OWN_MAX), once: [...new Set([...first, ...once])].slice(0, ONCE_MAX) });
}

export function sentences(words: string): string[] {
  const parts = words.split(/[。；！？\n;]+/).map((one) => one.trim());
  // What holds a number (a telephone, an identity card, an amount) is nobody's phrase.
  return parts.filter((one) => one.length >= CHARACTERS_MIN && one.length <= CHARACTERS_MAX && !/\d{4,}/.test(one));
}
