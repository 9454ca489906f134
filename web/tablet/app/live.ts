// Decides when the tablet speaks with the server: at once after a change, whenever something new is there, and again, ever more
// seldom, while it cannot be reached. What it comes to is told in words.

import { reactive, watch } from "vue";
import { contact, Decided, Moved } from "../sync/contact.ts";
import type { Progress } from "../sync/contact.ts";
import { Refused, Unreached } from "../sync/server.ts";
import { say } from "../../shared/ui/say.ts";
import { branchLocked, erase, opened, reopen } from "./session.ts";
import type { Opened } from "./opened.ts";
import { settings } from "./settings.ts";

const AFTER_CHANGE_MS = 1_500;
const AFTER_NEWS_MS = 300;
const FIRST_WAIT_MS = 5_000;
const WAIT_MS_MAX = 300_000;
const LISTEN_SECONDS = 50;
/** Directory and forms change seldom; they are asked for at each contact, and at least so often. */
const AT_LEAST_EVERY_MS = 900_000;
export const CLOCK_SECONDS_MAX = 300;

export type Trouble = "" | "offline" | "unreached" | "session" | "clock" | "refused";

export const sync = reactive({
  running: false,
  progress: null as Progress | null,
  /** When the last whole contact ended, ms; 0: never. */
  last: 0,
  /** The server has said that nothing is missing on either side, and nothing was written since. */
  fully: false,
  waiting: 0,
  /** Of those that wait, how many the server would not take. */
  refused: 0,
  photosWaiting: 0,
  trouble: "" as Trouble,
  /** What the server said when it refused. */
  reason: "",
  clockSeconds: 0,
  usedBytes: 0,
  next: 0,
});

let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;
let listening = new AbortController();
let again = false;

/** Begin to speak with the server for whoever has opened the tablet, until it is closed. */
export function goLive(): void {
  watch(opened, (now, before) => {
    if (now === before) return;
    stop();
    if (now === null) return;
    failures = 0;
    Object.assign(sync, { last: 0, fully: false, trouble: "", reason: "", usedBytes: 0, progress: null, waiting: 0, refused: 0, photosWaiting: 0 });
    void now.notes.get<number>("last contact").then((last) => (sync.last = Math.max(sync.last, last ?? 0)));
    void recount(now);
    void now.shelf.follow();
    plan(0);
  });
  addEventListener("online", () => plan(0));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && sync.trouble) plan(0);
  });
}

/** Something was written here. */
export async function written(): Promise<void> {
  sync.fully = false;
  const now = opened.value;
  if (now === null) return;
  await now.shelf.follow();
  await recount(now);
  plan(AFTER_CHANGE_MS);
}

/** Speak with the server now. */
export function syncNow(): void {
  failures = 0;
  plan(0);
}

async function recount(now: Opened): Promise<void> {
  if (opened.value !== now) return;
  await now.countUnsent();
  const waiting = await now.outbox.all();
  sync.waiting = waiting.length;
  sync.refused = waiting.filter((one) => one.refused !== null).length;
  sync.photosWaiting = await now.photos.countUnsent();
}

function stop(): void {
  clearTimeout(timer);
  listening.abort();
}

function plan(ms: number): void {
  if (sync.running) {
    again = true;
    return;
  }
  stop();
  sync.next = Date.now() + ms;
  timer = setTimeout(() => void meet(), ms);
}

async function meet(): Promise<void> {
  const now = opened.value;
  if (now === null || sync.running) return;
  if (!navigator.onLine) {
    sync.trouble = "offline";
    return;
  }
  sync.running = true;
  again = false;
  let positions: { [db: string]: string } | null = null;
  try {
    const outcome = await contact(now, mayPhotos, (progress) => (sync.progress = progress));
    positions = outcome.positions;
    failures = 0;
    sync.clockSeconds = outcome.clockSeconds;
    sync.fully = outcome.fully && !again;
    sync.last = Date.now();
    sync.trouble = Math.abs(outcome.clockSeconds) > CLOCK_SECONDS_MAX ? "clock" : "";
    sync.reason = "";
    await now.notes.set("last contact", sync.last);
  } catch (error) {
    failures += 1;
    sync.fully = false;
    if (opened.value === now) await fail(error, now);
  } finally {
    sync.running = false;
    sync.progress = null;
    sync.usedBytes = now.server.used;
  }
  if (opened.value !== now) {
    if (opened.value !== null) plan(0);
    return;
  }
  await recount(now);
  if (again) plan(AFTER_CHANGE_MS);
  else if (positions !== null) void listen(now, positions);
  else if (sync.trouble !== "session") plan(backOff());
}

async function fail(error: unknown, now: Opened): Promise<void> {
  if (error instanceof Moved) {
    await reopen();
    return;
  }
  if (error instanceof Decided && error.state === "wipe") {
    await now.server.wiped().catch(() => undefined);
    await erase(now.slot);
    return;
  }
  if (error instanceof Decided) {
    await branchLocked(now.slot, true);
    return;
  }
  if (error instanceof Unreached) sync.trouble = navigator.onLine ? "unreached" : "offline";
  else if (error instanceof Refused && error.status === 401) sync.trouble = "session";
  else {
    const status = (error as { status?: number }).status;
    sync.trouble = status === 401 ? "session" : status === undefined || status === 0 || status >= 500 ? "unreached" : "refused";
    sync.reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Refused)) console.error(error);
  }
}

/** Wait at the server until something new is there for this tablet, or until it is time to look at the directory again. */
async function listen(now: Opened, positions: { [db: string]: string }): Promise<void> {
  listening = new AbortController();
  const { signal } = listening;
  const until = Date.now() + AT_LEAST_EVERY_MS;
  const names = [...now.locals.keys()].filter((name) => name !== "centre");
  try {
    let heard = false;
    while (!heard && Date.now() < until) {
      const waits = names.map((name) => now.server.somethingNew(name, positions[name] ?? "0", LISTEN_SECONDS, signal));
      heard = await firstTrue(waits);
    }
    if (!signal.aborted) plan(AFTER_NEWS_MS);
  } catch (error) {
    if (signal.aborted) return;
    // The line broke, or the server will not have it: as after a contact that failed.
    failures += 1;
    await fail(error, now);
    plan(backOff());
  }
}

/** True as soon as one is; false when all are not. Throws what the first that fails throws. */
async function firstTrue(waits: Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    for (const one of waits) one.then((is) => is && resolve(true), reject);
    void Promise.all(waits).then((all) => resolve(all.includes(true)), reject);
  });
}

function backOff(): number {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10), WAIT_MS_MAX);
  return wait * (0.75 + Math.random() / 2);
}

/** Photos wait for Wi-Fi when the member wants that; a browser that does not know what it is on is taken for Wi-Fi. */
function mayPhotos(): boolean {
  if (!settings.photosOnWifi) return true;
  const kind = (navigator as { connection?: { type?: string } }).connection?.type;
  return kind === undefined || kind === "wifi" || kind === "ethernet" || kind === "unknown";
}

/** Where sync stands, in one sentence. */
export function standing(): string {
  const { refused, photosWaiting } = sync;
  const waiting = sync.waiting - refused;
  const here = [
    ...(refused > 0 ? [say(`${refused} 条未被接收，请更正`, `${refused} not taken: put right`)] : []),
    ...(waiting > 0 ? [say(`${waiting} 条仅在本机`, `${waiting} on this tablet only`)] : []),
    ...(photosWaiting > 0 ? [say(`${photosWaiting} 张照片待传`, `${photosWaiting} photos to send`)] : []),
  ];
  if (here.length > 0) return here.join(say("，", ", "));
  if (sync.fully) return say("本机已全部同步", "Fully synced");
  return say("没有待发送的记录", "Nothing waits to be sent");
}

export function troubleWords(): string {
  switch (sync.trouble) {
    case "offline":
      return say("没有网络，联网后自动同步", "No network: it syncs by itself once there is one");
    case "unreached":
      return say("连不上服务器，稍后自动再试", "The server cannot be reached: it is tried again by itself");
    case "session":
      return say("登录已过期：记录照常保存，重新登录后同步", "The log-in has run out: recording goes on; log in again to sync");
    case "clock": {
      const minutes = Math.round(Math.abs(sync.clockSeconds) / 60);
      const ahead = sync.clockSeconds > 0;
      return say(`本机时钟${ahead ? "快" : "慢"}了 ${minutes} 分钟，请在系统设置中校准`, `This tablet's clock is ${minutes} minutes ${ahead ? "fast" : "slow"}: set it right in its settings`);
    }
    case "refused":
      return say(`服务器拒绝了同步：${sync.reason}`, `The server refused to sync: ${sync.reason}`);
    default:
      return "";
  }
}
