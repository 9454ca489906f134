// Decides how a file goes to the server from the desk, with its progress.

import { address, Refused } from "./api.ts";

/** Send bytes; `progress` is told the share that is up, 1 when the server reads. Throws Refused. */
export function upload<T>(path: string, query: { [name: string]: string }, data: Blob, progress: (share: number) => void): Promise<T> {
  return new Promise((done, fail) => {
    const ask = new XMLHttpRequest();
    ask.open("POST", addressOf(path, query));
    ask.responseType = "json";
    ask.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    ask.upload.onload = () => progress(1);
    ask.onerror = () => fail(new Refused(0, "unreached", "unreached"));
    ask.onload = () => {
      const told = (ask.response ?? {}) as { error?: string; reason?: string };
      if (ask.status >= 200 && ask.status < 300) done(told as T);
      else fail(new Refused(ask.status, told.error ?? "refused", told.reason ?? ask.statusText, told));
    };
    ask.send(data);
  });
}

/** Send bytes, and save what comes back as a file. Throws Refused. */
export async function uploadForFile(path: string, query: { [name: string]: string }, data: Blob, name: string): Promise<void> {
  const answer = await fetch(addressOf(path, query), { method: "POST", body: data });
  if (!answer.ok) throw new Refused(answer.status, "refused", answer.statusText);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function addressOf(path: string, query: { [name: string]: string }): string {
  const url = new URL(address(path));
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url.href;
}
