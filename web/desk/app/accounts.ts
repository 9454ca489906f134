// Decides how accounts and their log-ins look to the desk.

import { say } from "../../shared/ui/say.ts";
import { optionWords } from "../../shared/ui/words.ts";
import { get } from "./api.ts";
import type { Me } from "./session.ts";

export interface Account {
  name: string;
  role: Me["role"];
  member: string | null;
  branch: string | null;
  locked: boolean;
  changed: string;
}

export interface Pass {
  id: string;
  kind: "session" | "token";
  account: string;
  label: string;
  made: string;
  expires: string;
}

export const ROLES: readonly Me["role"][] = ["member", "deputy", "secretary", "committee", "administrator"];
export const OF_A_BRANCH: readonly Me["role"][] = ["member", "deputy", "secretary"];

export function roleWords(role: string): string {
  return optionWords("member", "role", role);
}

/** Every log-in and token there is. Throws Refused. */
export async function readPasses(): Promise<Pass[]> {
  const found: Pass[] = [];
  for (const kind of ["sessions", "tokens"] as const) {
    let after: string | null = "";
    while (after !== null) {
      const page: { sessions?: Pass[]; tokens?: Pass[]; next: string | null } = await get(kind, { after, limit: "500" });
      found.push(...(page[kind] ?? []));
      after = page.next;
    }
  }
  return found;
}

const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

/** A password that can be read out: three groups of five, 74 bits. */
export function newPassword(): string {
  const drawn = crypto.getRandomValues(new Uint32Array(15));
  return Array.from(drawn, (one, at) => (at > 0 && at % 5 === 0 ? "-" : "") + LETTERS[one % LETTERS.length]!).join("");
}

export function passWords(one: Pass): string {
  return one.kind === "session" ? say("审核台登录", "log-in at the desk") : say(`访问令牌${one.label ? `“${one.label}”` : ""}`, `token ${one.label}`);
}
