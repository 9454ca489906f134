// Decides what is said when the server says no, and when a record does not count.

import { say } from "../../shared/ui/say.ts";
import { Refused } from "./api.ts";

/** The half of a server's words that is in the chosen language: it says both, Chinese first. */
export function half(words: string): string {
  const cut = words.includes(" / ") ? words.indexOf(" / ") : words.search(/(?<=[\u2e80-\uffef”]) (?=[A-Za-z])/);
  return cut < 0 ? words : say(words.slice(0, cut), words.slice(cut).replace(/^ (?:\/ )?/, ""));
}

export function whyNot(error: unknown): string {
  if (!(error instanceof Refused)) {
    console.error(error);
    return say("没有成功，请再试一次", "It did not work: try again");
  }
  if (error.status === 0) return say("连不上服务器，请检查网络", "The server cannot be reached: check the network");
  if (error.status === 401) return say("账号或密码不对，或登录已过期", "Wrong name or password, or the session has ended");
  if (error.status === 429) return say("试得太多了，请稍等再试", "Too many tries: wait a little");
  if (error.status === 403) return say("您无权进行此操作", "You may not do this");
  if (error.code === "erased") return say("已被永久删除，这里不再有它的内容", "It was erased for good: nothing of it is here any more");
  if (error.status === 404) return say("找不到，可能已被删除或您无权查看", "Not found: it may be gone, or not for you to see");
  return error.message;
}

/** Why a record counts in no figure; "" for one that does, and for what never would. */
export function uncounted(standing: string): string {
  switch (standing) {
    case "withdrawn":
      return say("已撤回", "Taken back");
    case "flagged":
      return say("内容有误，未计入", "Faulty: not counted");
    case "undated":
      return say("没有可用的时间，未计入", "It says no usable time: not counted");
    case "unknown_subject":
      return say("服务对象不在名册上，未计入", "Its subject is not registered: not counted");
    case "member_left":
      return say("参加人当时已离岗，未计入", "A participant had left by then: not counted");
    default:
      return "";
  }
}
