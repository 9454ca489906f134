// Decides how the server is asked from the desk: by the session's cookie, with an answer in words when it says no. The one file that
// talks to the API.

/** The server said no, or was not reached (status 0). */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly told: unknown;

  constructor(status: number, code: string, reason: string, told: unknown = null) {
    super(reason);
    this.status = status;
    this.code = code;
    this.told = told;
  }
}

const root = new URL("../api/v1/", new URL(".", document.baseURI));

export async function get<T>(path: string, query: { [name: string]: string | undefined } = {}): Promise<T> {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return ask<T>("GET", url);
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  return ask<T>("POST", new URL(path, root), body);
}

/** `revision`: what was seen of it; without one it is made anew. */
export async function put<T>(path: string, body: unknown, revision?: string): Promise<T> {
  return ask<T>("PUT", new URL(path, root), body, revision === undefined ? {} : { "if-match": `"${revision}"` });
}

export async function patch<T>(path: string, body: unknown): Promise<T> {
  return ask<T>("PATCH", new URL(path, root), body);
}

export async function remove<T>(path: string): Promise<T> {
  return ask<T>("DELETE", new URL(path, root));
}

/** The address of something that the browser itself loads: a picture, a document. */
export function address(path: string): string {
  return new URL(path, root).href;
}

async function ask<T>(method: string, url: URL, body?: unknown, more: { [header: string]: string } = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: { accept: "application/json", ...more, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch (error) {
    throw new Refused(0, "unreached", String(error));
  }
  const told = (await answer.json().catch(() => ({}))) as { error?: string; reason?: string };
  if (!answer.ok) throw new Refused(answer.status, told.error ?? "refused", told.reason ?? answer.statusText, told);
  return told as T;
}
