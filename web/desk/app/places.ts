// Decides where the names of people, subjects, activities and records lead.

import type { RouteLocationRaw } from "vue-router";

export function memberPlace(id: string): RouteLocationRaw {
  return { name: "member", params: { id: id.replace(/^member:/, "") } };
}

export function subjectPlace(id: string): RouteLocationRaw {
  return { name: "subject", params: { id } };
}

export function activityPlace(id: string): RouteLocationRaw {
  return { name: "activity", params: { id } };
}

export function recordPlace(id: string): RouteLocationRaw {
  return { name: "inbox", params: { id } };
}

export function casePlace(id: string): { name: string; params: { id: string } } {
  return { name: "case", params: { id } };
}
