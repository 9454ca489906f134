// Decides how accounts and their log-ins look to the desk.

import { say } from "../../shared/ui/say.ts";
import { optionWords } from "../../shared/ui/words.ts";
import { readAll } from "./pages.ts";
import type { Me } from "./session.ts";

export interface Account {
  name: string;
  role: Me["role"];
  member: string | null;
  branch: string | null;
  locked: boolean;
  changed: string;
  /** What the directory calls its member, "" where it knows none; and what it says of role and branch. */
  person: string;
  person_role: string | null;
  person_branch: string | null;
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

/** Every log-in and token of an account. Throws Refused. */
export async function readPasses(account: string): Promise<Pass[]> {
  return (await Promise.all(["sessions", "tokens"].map((kind) => readAll<Pass>(kind, kind, { account })))).flat();
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
