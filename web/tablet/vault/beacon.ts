// Decides the word by which a closed tablet asks what was decided of it: it follows from the tablet's token, which does not follow from it.

import { hashed } from "../../shared/records/json.ts";

export function beaconOf(token: string): string {
  return hashed(`beacon.${hashed(token.split(".")[2] ?? "")}`);
}
