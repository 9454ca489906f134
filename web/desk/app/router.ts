// Decides which address shows which screen of the desk. Addresses are behind a #, so that the server serves one page.

import { createRouter, createWebHashHistory } from "vue-router";
import { listening } from "./live.ts";
import { home } from "./navigation.ts";
import { me } from "./session.ts";

export const router = createRouter({
  history: createWebHashHistory(),
  // Another screen begins at its top; one that was left is found where it was. The inbox keeps its own place.
  scrollBehavior: (to, from, kept) => kept ?? (to.name !== from.name || (to.path !== from.path && to.name !== "inbox" && to.name !== "follow") ? { top: 0 } : false),
  routes: [
    { path: "/", redirect: () => ({ name: home() }) },
    { path: "/login", name: "login", component: () => import("../screens/Login.vue"), meta: { open: true } },
    { path: "/inbox/:id?", name: "inbox", component: () => import("../screens/Inbox.vue") },
    { path: "/month/:branch?/:month?", name: "month", component: () => import("../screens/Month.vue") },
    { path: "/figure/:code", name: "figure", component: () => import("../screens/Figure.vue") },
    { path: "/follow/:record?/:item?", name: "follow", component: () => import("../screens/Follow.vue") },
    { path: "/centre", name: "centre", component: () => import("../screens/Centre.vue") },
    { path: "/member/:id", name: "member", component: () => import("../screens/Member.vue") },
    { path: "/subject/:id", name: "subject", component: () => import("../screens/Subject.vue") },
    { path: "/activity/:id", name: "activity", component: () => import("../screens/Activity.vue") },
    { path: "/search", name: "search", component: () => import("../screens/Search.vue") },
    { path: "/joint", name: "joint", component: () => import("../screens/JointSurveys.vue") },
    { path: "/joint/new", name: "case-new", component: () => import("../screens/CaseEditor.vue") },
    { path: "/joint/:id", name: "case", component: () => import("../screens/Case.vue") },
    { path: "/joint/:id/edit", name: "case-edit", component: () => import("../screens/CaseEditor.vue") },
    { path: "/imports", name: "imports", component: () => import("../screens/Imports.vue") },
    { path: "/forms", name: "forms", component: () => import("../screens/Forms.vue") },
    { path: "/tablets/:id?", name: "tablets", component: () => import("../screens/Tablets.vue") },
    { path: "/assignments", name: "assignments", component: () => import("../screens/Assignments.vue") },
    { path: "/directory/:kind?", name: "directory", component: () => import("../screens/Directory.vue") },
    { path: "/accounts", name: "accounts", component: () => import("../screens/Accounts.vue") },
    { path: "/own", name: "own", component: () => import("../screens/Own.vue") },
    { path: "/audit", name: "audit", component: () => import("../screens/Audit.vue") },
    { path: "/:rest(.*)*", redirect: "/" },
  ],
});

router.beforeEach(async (to) => {
  const [here, wanted] = [me.value !== null, to.query["to"]];
  // Whoever is here already needs no log-in.
  if (to.name === "login" && here) return typeof wanted === "string" && wanted.startsWith("/") ? wanted : "/";
  // Where one begins depends on who one is: that is decided after the log-in.
  if (!to.meta["open"] && !here) return { name: "login", query: { to: (to.redirectedFrom ?? to).fullPath } };
  await listening();
  return true;
});
