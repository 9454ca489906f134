// Decides in which order the page comes up in which a form is tried: it says that it is there, then shows what the desk tells it.

import { createApp, h, shallowRef } from "vue";
import { speak } from "../../shared/ui/say.ts";
import "../../shared/ui/theme.css";
import { tellIn } from "../../shared/ui/time.ts";
import { READY, TOLD } from "./message.ts";
import type { Told } from "./message.ts";
import Tried from "./Tried.vue";

const told = shallowRef<Told | null>(null);
tellIn(() => told.value?.zone ?? "Asia/Shanghai");
addEventListener("message", (event: MessageEvent<Partial<Told> | null>) => {
  if (event.origin !== location.origin || event.source !== parent || event.data?.is !== TOLD) return;
  show(event.data as Told);
});

function show(now: Told): void {
  speak(now.language);
  told.value = now;
}

createApp({ render: () => (told.value === null ? null : h(Tried, { told: told.value })) }).mount("#app");
parent.postMessage(READY, location.origin);
