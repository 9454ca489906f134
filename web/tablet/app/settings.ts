// Decides what each tablet may set for itself, whoever uses it: type size and when photos travel.

import { reactive, watch } from "vue";

const KEPT = "fieldbook.settings";

interface Settings {
  large: boolean;
  photosOnWifi: boolean;
}

function kept(): Partial<Settings> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Settings>;
  } catch {
    return {};
  }
}

export const settings = reactive<Settings>({ large: false, photosOnWifi: false, ...kept() });

watch(
  settings,
  () => {
    localStorage.setItem(KEPT, JSON.stringify(settings));
    document.documentElement.classList.toggle("large", settings.large);
  },
  { immediate: true },
);
