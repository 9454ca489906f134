// Decides how the figures of a branch's activity record are told: those that the server counts, by its own names, and the quotients of them.

import { isList, own, text } from "../../shared/records/json.ts";
import type { Json } from "../../shared/records/json.ts";
import told from "../../shared/figures.json" with { type: "json" };

export interface FigureInfo {
  zh: string;
  en: string;
  unit: string[];
  meaning: string[];
  over?: string;
  under?: string | number;
  times?: number;
  places?: number;
}

export interface Figure {
  code: string;
  info: FigureInfo;
  value: number;
}

const FIGURES = told as unknown as { [code: string]: FigureInfo };

/** In the order of the figures, without those that are nothing; a quotient with nothing below the line has no value. */
export function figuresOf(fields: { readonly [path: string]: Json }): Figure[] {
  const value = (code: string): number => Number(fields[`figures/${code}`] ?? 0);
  const found: Figure[] = [];
  for (const [code, info] of Object.entries(FIGURES)) {
    if (info.over === undefined) {
      if (value(code) !== 0) found.push({ code, info, value: value(code) });
      continue;
    }
    const under = typeof info.under === "number" ? info.under : value(info.under!);
    if (under !== 0 && value(info.over) !== 0) found.push({ code, info, value: rounded((value(info.over) * info.times!) / under, info.places!) });
  }
  return found;
}

/** A tablet that a month was approved without. */
export interface Missing {
  member: string;
  label: string;
  unsent: number;
}

export function missingOf(fields: { readonly [path: string]: Json }): Missing[] {
  const missing = fields["missing"];
  return (isList(missing) ? missing : []).map((one) => ({ member: text(own(one, "member")), label: text(own(one, "label")), unsent: Number(own(one, "unsent") ?? 0) }));
}

function rounded(value: number, places: number): number {
  return Math.round(value * 10 ** places + 1e-9) / 10 ** places;
}
