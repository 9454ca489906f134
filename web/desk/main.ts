// Decides in which order the desk comes up: the words, who is logged in, then the screens.

import { createApp } from "vue";
import { language, speak } from "../shared/ui/say.ts";
import "../shared/ui/theme.css";
import "./desk.css";
import App from "./App.vue";
import { router } from "./app/router.ts";
import { whoAmI } from "./app/session.ts";

speak(language.value);
void whoAmI().then(() => createApp(App).use(router).mount("#app"));
