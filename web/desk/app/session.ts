// Decides who is at the desk: logged in by name and password, until the session ends.

import { ref } from "vue";
import { get, post, Refused, remove } from "./api.ts";

export interface Me {
  name: string;
  role: "administrator" | "committee" | "secretary" | "deputy" | "member";
  member: string | null;
  branch: string | null;
}

/** null: nobody. */
export const me = ref<Me | null>(null);

export async function whoAmI(): Promise<void> {
  try {
    me.value = await get<Me>("session");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    me.value = null;
  }
}

/** Throws Refused. */
export async function logIn(name: string, password: string): Promise<void> {
  me.value = await post<Me>("session", { name, password });
}

export async function logOut(): Promise<void> {
  await remove("session").catch(() => undefined);
  me.value = null;
}

/** Whether whoever is here takes decisions on records. */
export function decides(): boolean {
  return me.value !== null && ["secretary", "deputy", "committee"].includes(me.value.role);
}
