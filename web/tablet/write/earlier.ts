// Decides which problems may be followed up: open ones of earlier records, those of the same subject first.

import { say } from "../../shared/ui/say.ts";
import type { Earlier } from "../../shared/write/around.ts";
import type { Opened } from "../app/opened.ts";
import { when } from "../../shared/ui/time.ts";
import type { Card } from "../../shared/records/card.ts";
import { isOpen, problemsOf } from "../records/problems.ts";

const RECORDS_MAX = 30;

export async function openProblems(now: Opened, subject: string, except: string): Promise<Earlier[]> {
  const [about, mine] = await Promise.all([subject ? now.shelf.lastAbout(subject, RECORDS_MAX) : [], now.shelf.todo("problem")]);
  const records = new Map<string, Card>([...about, ...mine].map((card) => [card.id, card]));
  records.delete(except);
  const names = await now.shelf.subjects();
  return [...records.values()].filter((card) => !card.removed).flatMap((card) =>
    problemsOf(card)
      .filter((one) => isOpen(one.state))
      .map((one) => ({
        id: `${card.id}#${one.item}`,
        text: one.text,
        more: [names.get(card.subject)?.name, when(card.at), one.due ? say(`${one.due} 到期`, `due ${one.due}`) : ""].filter(Boolean).join(" · "),
        own: card.subject === subject && subject !== "",
      })),
  );
}
