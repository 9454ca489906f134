// Decides how a decision about an activity or subject is taken at the desk: it is sent once, and the screen is read anew until the decision
// shows in it, since records are grouped and counted a moment after the decision is kept.

import { onUnmounted, ref } from "vue";
import { post } from "./api.ts";
import { whyNot } from "./words.ts";

const TRIES_MAX = 10;
const AGAIN_MS = 500;

/** `load` reads the screen anew, and says in `problem` why it could not. */
export function useDecision(load: () => Promise<void>) {
  const working = ref(false);
  const problem = ref("");
  const notice = ref("");
  let left = false;
  onUnmounted(() => (left = true));

  /** `said`: what is told once it is taken; `shows`: whether it shows in what was read. */
  async function take(decision: object, said: string, shows: () => boolean): Promise<void> {
    working.value = true;
    [problem.value, notice.value] = ["", ""];
    try {
      await post("reviews", decision);
      notice.value = said;
      for (let tries = 0; tries < TRIES_MAX && !left && !shows(); tries += 1) {
        await new Promise((done) => setTimeout(done, AGAIN_MS));
        if (!left) await load();
      }
    } catch (error) {
      problem.value = whyNot(error);
    } finally {
      working.value = false;
    }
  }
  return { working, problem, notice, take };
}
