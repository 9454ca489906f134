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

/** How one has ended the log-in oneself; else it has run out, or was ended elsewhere. */
export const ended = ref<"" | "left" | "changed">("");

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
  ended.value = "";
  me.value = await post<Me>("session", { name, password });
}

export async function logOut(): Promise<void> {
  ended.value = "left";
  await remove("session").catch(() => undefined);
  me.value = null;
}

/** Every log-in of the account ends, this one too. Throws Refused. */
export async function changePassword(old: string, fresh: string): Promise<void> {
  ended.value = "changed";
  try {
    await post("session/password", { old, new: fresh });
    me.value = null;
  } catch (error) {
    ended.value = "";
    throw error;
  }
}

/** Whether whoever is here administers the centre: erasing for good is theirs alone. */
export function administers(): boolean {
  return me.value?.role === "administrator";
}

/** Whether whoever is here takes decisions on records. */
export function decides(): boolean {
  return me.value !== null && ["secretary", "deputy", "committee"].includes(me.value.role);
}
