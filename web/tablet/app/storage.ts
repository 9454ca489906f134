// Decides how it is seen to that the browser keeps what is on the tablet: asked for once, looked at again and again, said before it hurts.

import { reactive, watch } from "vue";
import { evictingBrowser, isAlmostFull, sizeWords } from "../records/keeping.ts";
import { say, sayOf } from "../../shared/ui/say.ts";
import { opened } from "./session.ts";

const LOOK_EVERY_MS = 300_000;

export const storage = reactive({ known: false, persisted: false, quota: 0, usage: 0 });
const evicting = evictingBrowser(navigator.userAgent);

export interface Warning {
  code: "full" | "browser" | "evictable";
  title: string;
  advice: string;
}

/** From the first opening on. */
export function watchStorage(): void {
  watch(opened, (now) => {
    if (now !== null) void askOnce().then(lookAtStorage);
  });
  setInterval(() => opened.value !== null && void lookAtStorage(), LOOK_EVERY_MS);
}

export async function lookAtStorage(): Promise<void> {
  if (navigator.storage === undefined) return;
  const [persisted, estimate] = await Promise.all([navigator.storage.persisted(), navigator.storage.estimate()]);
  Object.assign(storage, { known: true, persisted, quota: estimate.quota ?? 0, usage: estimate.usage ?? 0 });
}

/** Asked again because somebody wants it. */
export async function askToKeep(): Promise<void> {
  await navigator.storage?.persist();
  await lookAtStorage();
}

/** What endangers the data here, the worst first. */
export function storageWarnings(): Warning[] {
  const found: Warning[] = [];
  if (storage.known && isAlmostFull(storage.quota, storage.usage)) {
    const left = sizeWords(Math.max(0, storage.quota - storage.usage));
    found.push({
      code: "full",
      title: say(`存储空间将满，还剩 ${left}`, `Storage is almost full: ${left} left`),
      advice: say("请先同步，再清理平板上的照片、视频或不用的应用", "Sync first, then clear pictures, videos or apps that nobody uses"),
    });
  }
  if (evicting !== null) {
    found.push({
      code: "browser",
      title: say(`${evicting.zh}可能清除本机数据`, `${sayOf(evicting)} may clear what is kept here`),
      advice: say("请用 Chrome 打开，并在菜单中选“添加到主屏幕”；换之前先同步", "Open the app in Chrome and choose “Add to Home screen”; sync here before you change"),
    });
  }
  if (storage.known && !storage.persisted) {
    found.push({
      code: "evictable",
      title: say("空间不足时，浏览器可能清除本机数据", "The browser may clear this tablet's data when room is short"),
      advice: say("请在浏览器菜单中选“添加到主屏幕”，从主屏幕打开，并及时同步", "Choose “Add to Home screen” in the browser's menu, open it from there, and sync often"),
    });
  }
  return found;
}

async function askOnce(): Promise<void> {
  const now = opened.value;
  if (now === null || navigator.storage === undefined || (await now.notes.get<boolean>("asked to be kept"))) return;
  await now.notes.set("asked to be kept", true);
  await navigator.storage.persist();
}
