// Decides what is said when the server does not believe who one is, or does not answer.

import { Refused, Unreached } from "../sync/server.ts";
import { say } from "../../shared/ui/say.ts";
import { AnotherAccount, NoMember, opened, pinWaits } from "./session.ts";

export function whyNot(error: unknown): string {
  if (error instanceof Unreached) return say("连不上服务器：首次登录需要网络，请连接后再试", "The server cannot be reached: the first log-in needs a network. Connect and try again");
  if (error instanceof AnotherAccount) return say("这不是本机上的账号，请用自己的账号登录", "This is not the account of this place: log in with your own");
  if (error instanceof NoMember) return say("此账号不属于任何支部，不能在平板上记录", "This account belongs to no branch, so it records nothing on a tablet");
  if (error instanceof Refused) {
    if (error.code === "bad_code") return say("登录码不对、已用过或已过期，请向管理员再要一个", "This code is wrong, used or too old: ask for another");
    if (error.status === 429) return say("试得太多了，请稍等再试", "Too many tries: wait a little");
    if (error.status === 401) return say("账号或密码不对", "Wrong name or password");
    return error.message;
  }
  console.error(error);
  return say("没有成功，请再试一次", "It did not work: try again");
}

/** What is said of a wrong PIN where somebody is logged in already. */
export function wrongPin(): string {
  const seconds = opened.value === null ? 0 : pinWaits(opened.value.slot);
  return seconds > 0 ? say(`密码不对，请等 ${seconds} 秒再试`, `Wrong PIN: wait ${seconds} s`) : say("密码不对，请再试", "Wrong PIN: try again");
}
