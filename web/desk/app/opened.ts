// Decides how a record stays open at the desk: told anew when it changes, what changed marked; a decision is bound to what was shown, and one that
// comes too late is told why.

import { computed, ref, watch, type Ref } from "vue";
import type { Values } from "../../shared/forms/form.ts";
import { say } from "../../shared/ui/say.ts";
import { formOf } from "./asked.ts";
import { get, post, Refused } from "./api.ts";
import { learnSubject, nameOf } from "./directory.ts";
import { useLive } from "./live.ts";
import { differing, type FieldTold, type Outdated, type RecordTold, type SinceDecision } from "./record.ts";
import { me } from "./session.ts";
import { whyNot } from "./words.ts";

const MINE = new Set(["visit", "service", "survey", "event", "photo", "rating", "signature", "review", "check", "activity"]);

/** All that is known of one record, as it is now. */
export function useOpened(id: Ref<string>) {
  const told = ref<RecordTold | null>(null);
  const form = ref<Values | null>(null);
  const since = ref<SinceDecision | null>(null);
  const every = ref<FieldTold[] | null>(null);
  const problem = ref("");
  const notice = ref("");
  /** Erased for good, here or elsewhere: nothing of it is shown any more. */
  const erased = ref(false);
  const working = ref(false);
  /** Paths that changed while it was open; `unlooked`: and nobody has said that they were looked at. */
  const changed = ref<string[]>([]);
  const unlooked = ref(false);
  /** Paths that were settled here: their change is no news. */
  const settled = new Set<string>();

  async function load(): Promise<void> {
    const asked = id.value;
    try {
      const found = await get<RecordTold>(`records/${encodeURIComponent(asked)}`);
      const subject = typeof found.body.fields["subject"] === "string" ? found.body.fields["subject"] : "";
      const [asks, compared] = await Promise.all([formOf(found.body.form), sinceOf(found), learnSubject(found.database, subject)]);
      if (asked === id.value) show(found, asks, compared);
    } catch (error) {
      if (asked !== id.value) return;
      // What is shown stays while the server cannot be reached: a decision on it is bound to what it says.
      if (!(error instanceof Refused && error.status === 0)) told.value = null;
      erased.value = error instanceof Refused && error.code === "erased";
      problem.value = erased.value ? "" : whyNot(error);
      if (erased.value) notice.value = "";
    }
  }

  function show(found: RecordTold, asks: Values | null, compared: SinceDecision | null): void {
    const before = told.value;
    if (before?.id === found.id) {
      const paths = differing(before, found);
      const others = paths.filter((path) => !settled.has(path));
      if (others.length > 0 || (before.seen !== found.seen && paths.length === 0)) {
        changed.value = [...new Set([...changed.value, ...others])];
        unlooked.value = true;
        notice.value = say("这条记录刚刚有了改动，改动处已标出。请再看一遍再决定。", "This record has just changed: what changed is marked. Look again, then decide.");
      } else if (before.decided !== found.decided) notice.value = decidedWords(found) || notice.value;
    }
    [told.value, form.value, since.value, problem.value] = [found, asks, compared, ""];
    if (every.value !== null) void tellEvery();
  }

  async function tellEvery(): Promise<void> {
    try {
      every.value = (await get<{ fields: FieldTold[] }>(`records/${encodeURIComponent(id.value)}/history`)).fields;
    } catch (error) {
      every.value = null;
      problem.value = whyNot(error);
    }
  }

  /** Take a decision on what is shown; true when it was taken. */
  async function decide(decision: string, more: object = {}): Promise<boolean> {
    if (told.value === null || working.value) return false;
    if (unlooked.value && decision !== "reopen") {
      unlooked.value = false;
      notice.value = say("这条记录在您查看期间有了改动，改动处已标出；确认无误后请再按一次。", "This record changed while you had it open: what changed is marked. If it is right, press again.");
      return false;
    }
    working.value = true;
    [problem.value, notice.value] = ["", ""];
    for (const { path } of (more as { settles?: { path: string }[] }).settles ?? []) settled.add(path);
    try {
      await post("reviews", { record: told.value.id, decision, seen: told.value.seen, decided: told.value.decided, ...more });
      return true;
    } catch (error) {
      if (!(error instanceof Refused && error.status === 409)) problem.value = whyNot(error);
      else {
        const why = error.told as Outdated;
        const words = why.error === "decided" ? `${didWords(why)}${say("您的决定没有记入，请再看一遍。", " Your own decision was not taken: look again.")}` : say("在您查看之后这条记录有了改动，改动处已标出。没有作出任何决定，请再看一遍。", "This record changed after you opened it: what changed is marked. Nothing was decided: look again.");
        await load();
        unlooked.value = false;
        notice.value = words;
      }
      return false;
    } finally {
      working.value = false;
    }
  }

  watch(
    id,
    () => {
      settled.clear();
      [told.value, since.value, every.value, changed.value, unlooked.value, notice.value, problem.value, erased.value] = [null, null, null, [], false, "", "", false];
      void load();
    },
    { immediate: true },
  );
  useLive((changes) => {
    if (changes === null || changes.some((one) => MINE.has(one.type))) return load();
  });
  const history = computed(() => new Map((every.value ?? told.value?.history ?? []).map((one) => [one.path, one])));
  return { told, form, since, every, history, problem, notice, erased, working, changed, load, tellEvery, decide };
}

async function sinceOf(found: RecordTold): Promise<SinceDecision | null> {
  if (found.review !== "amended" && found.review !== "corrected") return null;
  return get<SinceDecision>(`records/${encodeURIComponent(found.id)}/since`).catch(() => null);
}

function decidedWords(found: RecordTold): string {
  const last = found.beside.find((one) => one.id === found.decided);
  return last === undefined || last.author === me.value?.member ? "" : didWords({ member: last.author, decision: String(last.fields["decision"]) });
}

function didWords({ member, decision }: { member: string; decision: string }): string {
  const who = nameOf(member);
  const did: { [decision: string]: readonly [string, string] } = {
    approve: [`${who}刚刚通过了这条记录`, `${who} has just approved this record`],
    return: [`${who}刚刚退回了这条记录`, `${who} has just returned this record`],
    reopen: [`${who}刚刚重新打开了这条记录`, `${who} has just reopened this record`],
    settle: [`${who}刚刚裁定了这条记录的争议`, `${who} has just settled a dispute in this record`],
  };
  const words = did[decision] ?? [`${who}刚刚对这条记录作了决定`, `${who} has just decided about this record`];
  return say(`${words[0]}。`, `${words[1]}.`);
}
