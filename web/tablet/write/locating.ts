// Decides how the place is found: by itself, better and better for 20 seconds, never in anybody's way.

import { onUnmounted, reactive } from "vue";
import type { Locator } from "../../shared/inputs/setting.ts";

const GIVEN_UP_MS = 20_000;
/** Metres; nearer than this a house is not told apart anyway. */
const GOOD_METRES = 20;

export type Place = [lat: number, lon: number, accuracy: number];

/** `found` is called with each better place, in 1e-7 degree and metres. */
export function useLocator(found: (place: Place) => void): Locator {
  let watch: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let best = Infinity;

  function start(): void {
    halt();
    if (!("geolocation" in navigator)) {
      locator.state = "later";
      return;
    }
    best = Infinity;
    locator.state = "looking";
    timer = setTimeout(stop, GIVEN_UP_MS);
    watch = navigator.geolocation.watchPosition(took, failed, { enableHighAccuracy: true, timeout: GIVEN_UP_MS, maximumAge: 0 });
  }

  function took({ coords }: GeolocationPosition): void {
    if (coords.accuracy < best) {
      best = coords.accuracy;
      found([Math.round(coords.latitude * 1e7), Math.round(coords.longitude * 1e7), Math.min(1_000_000, Math.round(coords.accuracy))]);
    }
    if (best <= GOOD_METRES) stop();
  }

  function failed(error: GeolocationPositionError): void {
    halt();
    locator.state = best < Infinity ? "found" : error.code === error.PERMISSION_DENIED ? "denied" : "later";
  }

  function stop(): void {
    if (locator.state !== "looking") return;
    halt();
    locator.state = best < Infinity ? "found" : "later";
  }

  function halt(): void {
    clearTimeout(timer);
    if (watch !== undefined) navigator.geolocation.clearWatch(watch);
    watch = undefined;
  }

  const locator: Locator = reactive({ state: "" as Locator["state"], start, stop });
  onUnmounted(halt);
  return locator;
}
