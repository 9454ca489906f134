// Decides which places of the desk somebody is shown, and where a log-in leads. The server decides the same about what is in them.

import { ref } from "vue";
import { say } from "../../shared/ui/say.ts";
import { me, type Me } from "./session.ts";

type Role = Me["role"];
export interface Place {
  name: string;
  icon: string;
  label: string;
}

const BRANCH: readonly Role[] = ["secretary", "deputy"];
const ADMINISTRATOR: readonly Role[] = ["administrator"];

/** Where the head has no room for all places, what is gone to least often stands under the menu of those who have one. */
const crowded = matchMedia("(max-width: 1439px)");
const tucked = ref(crowded.matches);
crowded.addEventListener("change", (event) => (tucked.value = event.matches));
const TUCKED = ["tablets"];

/** For whom a screen is; a screen that is not here is for everybody. */
export const FOR: { readonly [name: string]: readonly Role[] } = {
  tablets: [...BRANCH, ...ADMINISTRATOR],
  assignments: [...BRANCH, "committee", ...ADMINISTRATOR],
  imports: [...BRANCH, "committee", ...ADMINISTRATOR],
  directory: ADMINISTRATOR,
  accounts: ADMINISTRATOR,
  audit: ["committee", ...ADMINISTRATOR],
};

export function mayGo(name: string): boolean {
  return me.value !== null && (FOR[name]?.includes(me.value.role) ?? true);
}

/** Where one begins. */
export function home(): string {
  return me.value?.role === "administrator" ? "tablets" : "inbox";
}

export function mainPlaces(): Place[] {
  return allMain().filter((one) => mayGo(one.name) && !isTucked(one));
}

function isTucked(one: Place): boolean {
  return tucked.value && TUCKED.includes(one.name) && me.value?.role !== "member";
}

function allMain(): Place[] {
  return [
    { name: "inbox", icon: "check", label: say("待办", "Inbox") },
    { name: "month", icon: "month", label: say("月度台账", "Months") },
    { name: "follow", icon: "today", label: say("问题", "Follow-up") },
    { name: "centre", icon: "people", label: me.value?.branch ? say("对照", "Compare") : say("全中心", "Centre") },
    { name: "joint", icon: "place", label: say("联合踏勘", "Joint surveys") },
    { name: "search", icon: "search", label: say("查找", "Search") },
    { name: "tablets", icon: "tablet", label: say("平板", "Tablets") },
  ];
}

/** Under one menu, so that the head stays calm. */
export function adminPlaces(): Place[] {
  const places = [
    ...allMain().filter(isTucked),
    { name: "assignments", icon: "people", label: say("交办与联系", "Assignments") },
    { name: "imports", icon: "upload", label: say("导入", "Import") },
    { name: "forms", icon: "form", label: say("表单", "Forms") },
    { name: "directory", icon: "records", label: say("名录", "Directory") },
    { name: "accounts", icon: "lock", label: say("账号", "Accounts") },
    { name: "audit", icon: "search", label: say("审计", "Audit") },
  ];
  // Members read forms where they are led to them; nothing is managed by them.
  return me.value?.role === "member" ? [] : places.filter((one) => mayGo(one.name));
}
