// Decides in which order the app comes up: the words, the disk, then the screens.

import { createApp } from "vue";
import { haveAlone } from "./app/alone.ts";
import { askWhileClosed } from "./app/beacon.ts";
import App from "./app/App.vue";
import { goLive } from "./app/live.ts";
import { isClosed } from "./app/opened.ts";
import { fetchAhead, router } from "./app/router.ts";
import { language, speak } from "../shared/ui/say.ts";
import { opened, start } from "./app/session.ts";
import "./app/settings.ts";
import { watchStorage } from "./app/storage.ts";
import { keepOffline } from "./app/updates.ts";
import { writeStrictly } from "./store/tablet_db.ts";
import { tellIn } from "../shared/ui/time.ts";
import "../shared/ui/theme.css";

addEventListener("unhandledrejection", (event) => isClosed(event.reason) && event.preventDefault());
writeStrictly();
speak(language.value);
tellIn(() => opened.value?.known.zone ?? "Asia/Shanghai");
goLive();
watchStorage();
// Only then is it known whose places are on this tablet, and so which screen comes first.
void haveAlone()
  .then(start)
  .then(() => createApp(App).use(router).mount("#app"))
  .then(() => router.isReady())
  // The first screen stands: what follows takes nothing from it.
  .then(() => Promise.all([keepOffline(), askWhileClosed(), fetchAhead()]));
