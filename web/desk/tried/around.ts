// Decides amid what a form is tried: a made-up branch with its members, those they visit, an open problem, an earlier visit, a joint survey. Nothing
// of it is the centre's, and what is made here is gone with the page.

import { instantOf } from "../../shared/inputs/moments.ts";
import type { Card } from "../../shared/records/card.ts";
import type { Joint } from "../../shared/records/joint.ts";
import { newId } from "../../shared/records/ids.ts";
import type { Json } from "../../shared/records/json.ts";
import { initials } from "../../shared/records/pinyin.ts";
import { say } from "../../shared/ui/say.ts";
import { when } from "../../shared/ui/time.ts";
import type { Around } from "../../shared/write/around.ts";
import { namesFrom } from "../../shared/write/telling.ts";

export const ME = "m0001";
const BRANCH = "b01";
/** Where the tablet is: 1e-7 degree, metres. */
export const HERE: readonly number[] = [327_000_000, 1_109_000_000, 12];
const DAY_MS = 86_400_000;

type Given = [id: string, zh: string, en: string, address?: readonly [zh: string, en: string], north?: number];
const SUBJECTS: readonly Given[] = [
  ["household:0001", "王秀英户", "Wang Xiuying's household", ["桐坪村五组 12 号", "12, fifth group, Tongping"], 180],
  ["household:0002", "李桂兰户", "Li Guilan's household", ["桐坪村二组 3 号", "3, second group, Tongping"], 950],
  ["household:0003", "陈建国户", "Chen Jianguo's household", ["新河社区 4 栋 201", "201, block 4, Xinhe"], 2600],
  ["resident:0001", "赵玉梅", "Zhao Yumei", ["新河社区 2 栋 502", "502, block 2, Xinhe"], 2400],
  ["resident:0002", "刘德福", "Liu Defu", ["新河社区 7 栋 101", "101, block 7, Xinhe"], 2900],
  ["enterprise:0001", "汉江食品有限公司", "Hanjiang Foods Ltd", ["工业园区 8 号", "8, industrial park"], 5200],
  ["enterprise:0002", "秦岭茶业合作社", "Qinling Tea Cooperative", ["桐坪村", "Tongping"], 1200],
  ["project:0001", "冷链物流园项目", "Cold-chain logistics park", ["工业园区东侧", "east of the industrial park"], 5600],
  ["village:0001", "桐坪村", "Tongping village", ["城关镇", "Chengguan town"], 800],
  ["duty_point:0001", "新河社区 3 号垃圾分类点", "Xinhe, waste point 3", ["新河社区", "Xinhe"], 2500],
  ["site:0001", "人民路 21 号餐饮店", "Restaurant, 21 Renmin Road", ["人民路 21 号", "21 Renmin Road"], 640],
];
const MEMBERS: readonly Given[] = [[`member:${ME}`, "李明", "Li Ming"], ["member:m0002", "张华", "Zhang Hua"], ["member:m0003", "周敏", "Zhou Min"], ["member:m0004", "吴芳", "Wu Fang"], ["member:m0005", "孙强", "Sun Qiang"]];
const OFFICES: readonly Given[] = [
  [`branch:${BRANCH}`, "第一党支部", "First branch"], ["branch:b02", "第二党支部", "Second branch"],
  ["window:w01", "综合窗口", "General window"], ["window:w02", "市场准入窗口", "Market entry window"],
  ["unit:u01", "市场监管局", "Market regulation bureau"], ["unit:u02", "住建局", "Housing bureau"],
];
const VISITED = "household:0001";
const VISIT = "visit:0001";
const CASE = "case:0001";
const CHECKS: readonly (readonly [code: string, zh: string, en: string])[] = [["c1", "场所与图纸一致", "The place is as drawn"], ["c2", "消防通道畅通", "The fire exit is free"]];

export function madeUp(): Around {
  const before = new Date(Date.now() - 9 * DAY_MS).toISOString().slice(0, 19) + "Z";
  const cards = new Map([...SUBJECTS.map(subject), ...MEMBERS.map(member), ...OFFICES.map(office), ...others(before)].map((card) => [card.id, card]));
  const photos = new Map<string, Uint8Array<ArrayBuffer>>();
  const all = (type: string): Card[] => [...cards.values()].filter((card) => card.type === type);
  return {
    member: ME,
    branch: BRANCH,
    names: namesFrom(async (id) => cards.get(id) ?? null),
    photos: {
      of: async () => [],
      get: async (id) => photos.get(id) ?? null,
      put: async (id, _record, bytes) => void photos.set(id, bytes),
      remove: async (id) => void photos.delete(id),
    },
    subjects: async () => all("subject"),
    seen: async () => new Map([[VISITED, before]]),
    directory: async (type) => all(type),
    listed: async (types) => types.flatMap(all),
    async makeSubject(kind, fields) {
      const id = newId(kind, Date.now());
      const name = String(fields["name"]);
      cards.set(id, card(id, "subject", name, { ...fields, kind, initials: initials(name) }));
      return id;
    },
    openProblems: async (about) => [{ id: `${VISIT}#0001`, text: say("屋顶漏雨", "The roof leaks"), more: `${cards.get(VISITED)!.name} · ${when(before)}`, own: about === VISITED }],
    lastAbout: async (about) => all("visit").filter((one) => one.subject === about),
    sameAs: async () => ({ subject: VISITED, kind: "assist", [`participants/${ME}`]: true, "participants/m0002": true }),
    joint: async (id) => (id === CASE ? joint() : null),
    isVouched: async () => false,
  };
}

function card(id: string, type: string, name: string, more: { [name: string]: Json } = {}): Card {
  return { id, db: "", type, at: "", about: "", author: ME, name, kind: "", subject: "", state: "", removed: false, ...more };
}

/** Said to be an example wherever it is named. */
function example([, zh, en]: Given): string {
  return say(`${zh}（示例）`, `${en} (example)`);
}

function subject(given: Given): Card {
  const [id, zh, , address, north = 0] = given;
  // A metre is about 90 of these units northwards.
  const place: Json = [HERE[0]! + north * 90, HERE[1]!];
  return card(id, "subject", example(given), { kind: id.split(":")[0]!, address: address ? say(...address) : "", place, initials: initials(zh) });
}

function member(given: Given, at: number): Card {
  return card(given[0], "member", example(given), { branch: at < 3 ? BRANCH : "b02", active: true, initials: initials(given[1]) });
}

function office(given: Given): Card {
  return card(given[0], given[0].split(":")[0]!, example(given), { initials: initials(given[1]) });
}

/** A joint survey that the made-up branch leads, with a party that has no account. */
function joint(): Joint {
  const [announced, limit] = [-1, 3].map((days) => instantOf(Date.now() + days * DAY_MS)) as [string, string];
  return {
    id: CASE,
    branch: BRANCH,
    subject: "site:0001",
    matter: say("人民路 21 号餐饮店联合踏勘（示例）", "Joint survey, 21 Renmin Road (example)"),
    announced,
    limit,
    issued: "",
    withdrawn: false,
    branches: [BRANCH, "b02"],
    outside: [{ party: "outside:0001", name: say("供电所（示例）", "Power station (example)") }],
    checklist: CHECKS.map(([code, zh, en]) => ({ code, text: say(zh, en) })),
    needs: [say("营业场所证明", "Proof of the premises"), say("平面布局图", "Floor plan")],
  };
}

function others(before: string): Card[] {
  return [
    card(VISIT, "visit", "", { subject: VISITED, at: before, kind: "assist", participants: [ME, "m0002"] }),
    card(CASE, "case", joint().matter, { subject: joint().subject, joint: joint() as unknown as Json }),
    card("assignment:0001", "assignment", "", { member: ME, state: "open", text: say("每月走访一次（示例）", "Visit once a month (example)") }),
    card("activity_record:0001", "activity_record", say("上月活动台账（示例）", "Last month's record (example)")),
  ];
}
