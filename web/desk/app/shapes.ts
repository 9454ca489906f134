// Decides how the API's answers look to the desk; the server describes them in /schema.

export interface Reason {
  zh: string;
  en: string;
}

export interface InboxItem {
  kind: string;
  id: string;
  branch: string;
  at: string;
  title: string;
  subject: string;
  subject_name: string;
  author: string;
  reasons: Reason[];
  /** The records that may belong to an activity, or the subject that may be the same. */
  others: string[];
  seen: string;
}

export interface Inbox {
  counts: { [kind: string]: number };
  items: InboxItem[];
  next: string | null;
}

export interface Value {
  value: unknown;
  stamp: string;
  member: string;
  at: string;
  fate: string;
}

export interface FieldTold {
  path: string;
  zh: string;
  en: string;
  disputed: boolean;
  values: Value[];
}

export interface Companion {
  id: string;
  type: string;
  author: string;
  fields: { [path: string]: unknown };
  counts: boolean;
}

export interface RecordTold {
  id: string;
  database: string;
  body: { type: string; branch: string; author: string; fields: { [path: string]: unknown } };
  withdrawn: boolean;
  disputed: string[];
  history: FieldTold[];
  problems: { field: string; zh: string; en: string }[];
  beside: Companion[];
  review: string;
  activity: string | null;
  seen: string;
}
