// Decides how the server is asked: with the tablet's token, with a limit of time, and with an answer in words when it says no.

import type { Recoverable, RecoveryKey } from "../vault/keys.ts";

const SECONDS_MAX = 30;

/** The server was not reached: no network, or no answer in time. */
export class Unreached extends Error {}

/** The server said no. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, reason: string) {
    super(reason);
    this.status = status;
    this.code = code;
  }
}

export interface Enrolled {
  token: string;
  expires: string;
  tablet: { id: string; account: string; label: string };
  account: string;
  role: string;
  member: string | null;
  branch: string | null;
  zone: string;
  store: string;
  keep_days: number;
  recovery: RecoveryKey | null;
  data_key: string | null;
}

export interface Own {
  id: string;
  state: "active" | "locked" | "wipe";
  account: string;
  role: string;
  member: string | null;
  name: string;
  branch: string | null;
  time: string;
  zone: string;
  store: string;
  keep_days: number;
  recovery: RecoveryKey | null;
  rights: string;
  version: string;
}

export interface Report {
  unsent: number;
  oldest: string | null;
  ids: { [db: string]: { [id: string]: string[] } };
  received: { [db: string]: string };
  photos: number;
  refused: number;
  version: string;
  clock_seconds: number;
  /** Bytes used, and given in all; null where the browser does not say. */
  stored: number | null;
  room: number | null;
}

export interface Reported {
  state: string;
  arrived: { [db: string]: { [id: string]: string[] } };
  current: { [db: string]: boolean };
}

/** Ids in one question. */
export const ASKED_MAX = 2000;

export type Proof = { code: string } | { name: string; password: string };

/** A server as this tablet asks it. `base`: its address without a slash at the end. */
export class Server {
  readonly base: string;
  readonly #token: string;
  /** Bytes sent and received since the app was opened. */
  used = 0;

  constructor(base: string, token: string) {
    this.base = base;
    this.#token = token;
  }

  static async enrol(base: string, proof: Proof, tablet?: string, wrapped?: Recoverable): Promise<Enrolled> {
    const asked = { ...proof, ...(tablet ? { tablet } : {}), ...(wrapped ? { wrapped } : {}) };
    return new Server(base, "").json<Enrolled>("POST", "/api/v1/tablets/enrol", asked);
  }

  me(): Promise<Own> {
    return this.json("GET", "/api/v1/tablets/me");
  }

  report(report: Report): Promise<Reported> {
    return this.json("POST", "/api/v1/tablets/me/report", report);
  }

  wiped(): Promise<unknown> {
    return this.json("POST", "/api/v1/tablets/me/wiped");
  }

  forgetSince(db: string, since: string): Promise<{ ids: string[]; next: string; compare: boolean; more: boolean; all: boolean }> {
    return this.json("GET", `/api/v1/tablets/me/forget/${db}${since ? `?since=${encodeURIComponent(since)}` : ""}`);
  }

  forgetAmong(db: string, ids: readonly string[]): Promise<{ ids: string[]; all: boolean }> {
    return this.json("POST", `/api/v1/tablets/me/forget/${db}`, { ids });
  }

  photoParts(photo: string): Promise<{ complete: boolean; parts: { [number: string]: number } }> {
    return this.json("GET", `/api/v1/photos/${encodeURIComponent(photo)}/parts`);
  }

  async putPhotoPart(photo: string, number: number, part: Blob): Promise<void> {
    await this.ask("PUT", `/api/v1/photos/${encodeURIComponent(photo)}/parts/${number}`, part, 120);
  }

  completePhoto(photo: string, parts: number, digest: string): Promise<{ complete: boolean }> {
    return this.json("POST", `/api/v1/photos/${encodeURIComponent(photo)}/complete`, { parts, digest });
  }

  /** Waits until something new is there for this tablet; false when nothing came in `seconds`. */
  async somethingNew(db: string, since: string, seconds: number, signal: AbortSignal): Promise<boolean> {
    const query = `feed=longpoll&limit=1&timeout=${seconds * 1000}&since=${encodeURIComponent(since)}`;
    const answer = await this.ask("GET", `/sync/${db}/_changes?${query}`, undefined, seconds + 20, signal);
    const told = (await answer.json()) as { results: unknown[] };
    return told.results.length > 0;
  }

  /** The position now, as it is told to this tablet; null when there is something new since. */
  async unchangedSince(db: string, since: string): Promise<string | null> {
    const answer = await this.ask("GET", `/sync/${db}/_changes?style=all_docs&limit=1&since=${encodeURIComponent(since)}`);
    const told = (await answer.json()) as { results: unknown[]; last_seq: string | number };
    return told.results.length > 0 ? null : String(told.last_seq);
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.ask(method, path, body === undefined ? undefined : JSON.stringify(body));
    return (await answer.json()) as T;
  }

  /** Throws Unreached, Refused. */
  async ask(method: string, path: string, body?: string | Blob, seconds = SECONDS_MAX, signal?: AbortSignal): Promise<Response> {
    const limit = AbortSignal.timeout(seconds * 1000);
    const headers: { [name: string]: string } = { accept: "application/json" };
    if (this.#token) headers["authorization"] = `Bearer ${this.#token}`;
    if (typeof body === "string") headers["content-type"] = "application/json";
    let answer: Response;
    try {
      answer = await fetch(this.base + path, {
        method,
        headers,
        body: body ?? null,
        credentials: "omit",
        cache: "no-store",
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
    } catch (error) {
      throw new Unreached(String(error));
    }
    this.#count(body, answer);
    if (answer.ok) return answer;
    const told = (await answer.json().catch(() => ({}))) as { error?: string; reason?: string };
    if (answer.status >= 502 && answer.status <= 504) throw new Unreached(`the server is away: ${answer.status}`);
    throw new Refused(answer.status, told.error ?? "refused", told.reason ?? answer.statusText);
  }

  /** What PouchDB asks with: the same proof, counted too. */
  get fetch(): typeof globalThis.fetch {
    return async (url, options = {}) => {
      const headers = new Headers(options.headers);
      headers.set("authorization", `Bearer ${this.#token}`);
      const answer = await fetch(url, { ...options, headers, credentials: "omit", cache: "no-store" });
      this.#count(options.body, answer);
      return answer;
    };
  }

  #count(body: unknown, answer: Response): void {
    const sent = typeof body === "string" ? body.length : body instanceof Blob ? body.size : 0;
    this.used += sent + Number(answer.headers.get("content-length") ?? 0);
  }
}
