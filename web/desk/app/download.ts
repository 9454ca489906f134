// Decides how a document that takes a while is fetched: told of while it is made, given up when asked to, saved under the server's name for it.

import { say } from "../../shared/ui/say.ts";
import { address, Refused } from "./api.ts";

/** The formats in which documents leave, each with what people call it. */
export const FORMATS = [["xlsx", "Excel"], ["pdf", "PDF"], ["csv", "CSV"], ["json", "JSON"]] as const;

/** Throws Refused; an AbortError when it was given up. */
export async function download(path: string, query: { [name: string]: string }, signal: AbortSignal): Promise<void> {
  const url = new URL(address(path));
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  const answer = await fetch(url, { signal }).catch((error: unknown) => {
    throw error instanceof DOMException && error.name === "AbortError" ? error : new Refused(0, "unreached", String(error));
  });
  if (!answer.ok) {
    const told = (await answer.json().catch(() => ({}))) as { error?: string; reason?: string };
    throw new Refused(answer.status, told.error ?? "refused", told.reason ?? answer.statusText, told);
  }
  const made = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = made;
  link.download = nameIn(answer.headers.get("content-disposition") ?? "") || say("台账", "ledger");
  link.click();
  setTimeout(() => URL.revokeObjectURL(made), 60_000);
}

function nameIn(disposition: string): string {
  const told = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1];
  return told === undefined ? "" : decodeURIComponent(told);
}
