// Decides when a draft is kept: a moment after each change, and at once when the tablet may be put away.

import { reactive } from "vue";
import type { Draft } from "../../shared/write/draft.ts";
import type { Saving } from "../../shared/write/writing.ts";
import type { Drafts } from "../store/drafts.ts";

const AFTER_CHANGE_MS = 250;

export class Saver {
  readonly saving: Saving = reactive({ state: "saved" as Saving["state"], at: 0 });
  readonly #drafts: Drafts;
  #waiting: Draft | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #over = false;

  constructor(drafts: Drafts) {
    this.#drafts = drafts;
    for (const event of ["pagehide", "visibilitychange", "blur", "focusout"]) addEventListener(event, this.now);
  }

  later(draft: Draft): void {
    if (this.#over) return;
    this.#waiting = draft;
    this.saving.state = "saving";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.now, AFTER_CHANGE_MS);
  }

  /** Resolves when what was typed so far is on the disk, or could not be brought there. */
  readonly now = async (): Promise<void> => {
    clearTimeout(this.#timer);
    const draft = this.#waiting;
    if (draft === null) return this.#writing;
    this.#waiting = null;
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#drafts.put(draft);
        if (this.#waiting === null) Object.assign(this.saving, { state: "saved", at: Date.now() });
      } catch (error) {
        console.error(error);
        this.#waiting ??= draft;
        this.saving.state = "failed";
      }
    });
    return this.#writing;
  };

  /** The draft is done with: nothing brings it back. */
  async end(): Promise<void> {
    this.#over = true;
    this.#waiting = null;
    this.leave();
    await this.#writing;
  }

  leave(): void {
    void this.now();
    for (const event of ["pagehide", "visibilitychange", "blur", "focusout"]) removeEventListener(event, this.now);
  }
}
