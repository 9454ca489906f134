// Decides what the desk tells the page in which a form is tried.

import type { Form } from "../../shared/write/forms.ts";
import type { Language } from "../../shared/ui/say.ts";

/** Other messages come by too: those of tools that look into a page, for one. */
export const TOLD = "fieldbook.tried";

export interface Told {
  is: typeof TOLD;
  of: string;
  /** The kind for which the form is; "" for the general one. */
  kind: string;
  /** The one that is tried first, then those that another kind would lead to. */
  forms: readonly Form[];
  /** The item that is edited, which is gone to when it shows; "" for none. */
  at: string;
  language: Language;
  /** The centre's, as Asia/Shanghai. */
  zone: string;
}

/** What the page says when it can be told. */
export const READY = "fieldbook.tried.ready";
