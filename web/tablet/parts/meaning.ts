// Decides what it means that a record stands as it does, in one sentence, and what happens next.

import { say } from "../../shared/ui/say.ts";

export function meaningOf(state: string, mine: boolean): string {
  switch (state) {
    case "withdrawn":
      return say("已撤回，不再计入", "Withdrawn: it counts no more");
    case "refused":
      return say("支部没有接收这条记录，它只在本机上", "The branch did not take this record: it is on this tablet only");
    case "returned":
      return mine ? say("支部退回了这条记录，请按意见更正", "The branch sent it back: put right what is remarked") : say("已退回记录人更正", "Sent back to its author");
    case "faulty":
      return mine ? say("有内容需要更正，更正前不计入台账", "Something in it is wrong: it does not count until put right") : say("有内容需要记录人更正", "Its author has to put something right");
    case "here":
      return say("仅在本机，联网后自动发送", "On this tablet only: it is sent once there is a network");
    case "settling":
      return say("两台平板的修改正在合并", "The edits of two tablets are being joined");
    case "amended":
      return say("审核后又有修改，等待重新审核", "Changed after its review: it waits to be reviewed again");
    case "approved":
      return say("支部已审核", "Reviewed by the branch");
    case "recorded":
      return say("已审核，并已列入当月活动台账", "Reviewed, and in the month's activity record");
    default:
      return say("已到支部，待审核", "With the branch, to be reviewed");
  }
}
