// Decides what the app knows of the types of record: labels, options and merge rules, as the server describes them.

import type { Rule, RuleOf } from "./rules.ts";
import described from "../schema.json" with { type: "json" };

export interface FieldInfo {
  zh: string;
  en: string;
  kind: string;
  rule?: Rule;
  options?: { [value: string]: [zh: string, en: string] };
}

interface TypeInfo {
  zh: string;
  en: string;
  version: number;
  prefixes: string[];
  fields: { [path: string]: FieldInfo };
}

const TYPES = described as unknown as { [type: string]: TypeInfo };
const TYPE_OF_PREFIX = new Map(Object.entries(TYPES).flatMap(([type, of]) => of.prefixes.map((prefix) => [prefix, type] as const)));

/** What members record in the field. */
export const RECORD_TYPES = ["visit", "service", "survey", "event"] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

export function isRecordType(type: string): type is RecordType {
  return (RECORD_TYPES as readonly string[]).includes(type);
}

export function typeOfId(id: string): string {
  return TYPE_OF_PREFIX.get(id.split(":", 1)[0]!) ?? "";
}

export function typeInfo(type: string): TypeInfo {
  const found = TYPES[type];
  if (found === undefined) throw new Error(`there is no type ${type}`);
  return found;
}

/** A field as described: `problems/01K9/text` is described at `problems/star/text`. */
export function fieldInfo(type: string, path: string): FieldInfo | undefined {
  const fields = TYPES[type]?.fields;
  if (fields === undefined) return undefined;
  if (fields[path] !== undefined) return fields[path];
  const parts = path.split("/");
  if (parts.length > 1) parts[1] = "*";
  return fields[parts.join("/")];
}

export const ruleOf: RuleOf = (type, path) => fieldInfo(type, path)?.rule ?? "latest";
