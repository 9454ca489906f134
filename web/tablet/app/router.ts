// Decides which address shows which screen. Addresses are behind a #, so that they need no server.

import { createRouter, createWebHashHistory } from "vue-router";
import type { RouteRecordRaw, RouterScrollBehavior } from "vue-router";
import { opened, session } from "./session.ts";

const routes: RouteRecordRaw[] = [
  { path: "/", name: "today", component: () => import("../screens/Today.vue"), meta: { tab: "today" } },
  { path: "/enrol", name: "enrol", component: () => import("../screens/Enrol.vue"), meta: { open: true } },
  { path: "/lock", name: "lock", component: () => import("../screens/Lock.vue"), meta: { open: true } },
  { path: "/subjects", name: "subjects", component: () => import("../screens/Subjects.vue"), meta: { tab: "subjects" } },
  { path: "/subjects/:id", name: "subject", component: () => import("../screens/Subject.vue"), meta: { tab: "subjects" } },
  { path: "/records", name: "records", component: () => import("../screens/Records.vue"), meta: { tab: "records" } },
  { path: "/records/:id", name: "record", component: () => import("../screens/Record.vue"), meta: { tab: "records" } },
  { path: "/write/:id", name: "write", component: () => import("../screens/Write.vue"), meta: { busy: true } },
  { path: "/hand-over/:id", name: "hand-over", component: () => import("../screens/HandOver.vue"), meta: { busy: true } },
  { path: "/month", name: "month", component: () => import("../screens/Month.vue"), meta: { tab: "month" } },
  { path: "/sync", name: "sync", component: () => import("../screens/Sync.vue"), meta: { tab: "sync" } },
  { path: "/:rest(.*)*", redirect: "/" },
];

const scrollBehavior: RouterScrollBehavior = async (to, _from, saved) => {
  if (saved === null) return to.hash ? { el: to.hash } : { top: 0 };
  // Going back is going back to the same row: a list is as long as it was once it has been read again.
  for (let frames = 0; frames < 60 && document.documentElement.scrollHeight < saved.top + innerHeight; frames++) await new Promise(requestAnimationFrame);
  return saved;
};

export const router = createRouter({ history: createWebHashHistory(), routes, scrollBehavior });

router.beforeEach((to) => {
  if (to.meta["open"] || opened.value !== null) return true;
  return session.slots.length === 0 ? { name: "enrol", query: to.query } : { name: "lock", query: { to: to.fullPath } };
});

/** Take the other screens into memory, one at a time while nothing else is to be done, so that no tap waits for them. */
export async function fetchAhead(): Promise<void> {
  for (const { component } of routes) {
    if (typeof component !== "function") continue;
    await new Promise((resolve) => requestIdleCallback(resolve));
    // Without a network, and not yet kept for offline: then it is fetched when it is asked for.
    await (component as () => Promise<unknown>)().catch(() => undefined);
  }
}

/** Whether somebody is in the middle of something that must not be interrupted. */
export function busy(): boolean {
  return router.currentRoute.value.meta["busy"] === true;
}
