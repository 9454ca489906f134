// Decides what every input is given and tells.

import type { Item } from "../forms/form.ts";
import type { Json } from "../records/json.ts";

export interface InputProps {
  item: Item;
  path: string;
  value: Json;
  /** The element's id; `<uid>-label` names it and `<uid>-problem` says what is wrong. */
  uid: string;
  disabled: boolean;
  invalid: boolean;
}
