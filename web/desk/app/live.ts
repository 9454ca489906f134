// Decides when a screen asks anew: when the server says that something it may read has changed, a moment later, so that many changes are one
// question; after the connection was away or the page hidden, at once. One connection serves all screens; a hidden page has none.

import { onUnmounted, ref, watch } from "vue";
import { address, get, Refused } from "./api.ts";
import { me, type Me } from "./session.ts";

/** What changed. `branch`: "" for what belongs to none. `type`: of the documents, such as `visit`, `review`, `activity_record`, `quarantine`. */
export interface Changed {
  branch: string;
  type: string;
}

type Refresh = (changes: Changed[] | null) => unknown;
interface Wanting {
  refresh: Refresh;
  gathered: Changed[] | null;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const DEBOUNCE_MS = 300;
const AGAIN_FIRST_MS = 1_000;
const AGAIN_MAX_MS = 60_000;
/** A screen is not held up longer than this by a connection that does not come about. */
const BEGUN_MAX_MS = 300;
/** So many beats may be missed before the connection counts as dead. */
const BEATS_MISSED = 2.5;

/** `connected`: whether changes are heard of; `heard`: when the server was heard last. */
export const live = ref<{ connected: boolean; heard: Date | null }>({ connected: false, heard: null });

const wanting = new Set<Wanting>();
let source: EventSource | null = null;
let again: ReturnType<typeof setTimeout> | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;
let tries = 0;
let beatMs = 20_000;

/** Call `refresh` when something has changed, with what (null: anything may have, after an absence). Ends with the component. */
export function useLive(refresh: Refresh): void {
  const mine: Wanting = { refresh, gathered: [], timer: undefined };
  wanting.add(mine);
  onUnmounted(() => {
    clearTimeout(mine.timer);
    wanting.delete(mine);
  });
}

/** Changes are heard of, or it takes too long: a screen that asks from now on misses nothing, and need not ask again when the connection stands. */
export async function listening(): Promise<void> {
  if (source === null || live.value.connected) return;
  await Promise.race([new Promise((resolve) => source?.addEventListener("here", resolve)), new Promise((resolve) => setTimeout(resolve, BEGUN_MAX_MS))]);
}

function tellAll(changes: Changed[] | null): void {
  for (const one of wanting) {
    one.gathered = changes === null || one.gathered === null ? null : [...one.gathered, ...changes];
    one.timer ??= setTimeout(() => {
      const gathered = one.gathered;
      one.timer = undefined;
      one.gathered = [];
      void one.refresh(gathered);
    }, DEBOUNCE_MS);
  }
}

function open(): void {
  clearTimeout(again);
  if (source !== null || me.value === null || document.hidden) return;
  source = new EventSource(address("live"));
  source.addEventListener("here", (event) => {
    tries = 0;
    beatMs = (JSON.parse(event.data as string) as { beat_seconds: number }).beat_seconds * 1000;
    hear();
    tellAll(null);
  });
  source.addEventListener("changed", (event) => {
    hear();
    tellAll((JSON.parse(event.data as string) as { changes: Changed[] }).changes);
  });
  source.addEventListener("beat", hear);
  source.addEventListener("ended", () => {
    close();
    me.value = null;
  });
  source.onerror = lost;
}

function hear(): void {
  live.value = { connected: true, heard: new Date() };
  clearTimeout(silence);
  silence = setTimeout(lost, beatMs * BEATS_MISSED);
}

function close(): void {
  source?.close();
  source = null;
  clearTimeout(silence);
  clearTimeout(again);
  live.value = { ...live.value, connected: false };
}

/** Not left to the browser, which would try on for ever in the same rhythm, all desks at once. */
function lost(): void {
  close();
  const wait = Math.min(AGAIN_MAX_MS, AGAIN_FIRST_MS * 2 ** tries++) * (0.5 + Math.random());
  again = setTimeout(comeBack, wait);
}

async function comeBack(): Promise<void> {
  try {
    await get<Me>("session");
    open();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) me.value = null;
    else lost();
  }
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("online", () => {
  tries = 0;
  open();
});
watch(me, (now) => (now === null ? close() : open()), { immediate: true });
