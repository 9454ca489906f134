// Decides how a phrase that is offered is put behind what was typed.

/** The text with a phrase after it. */
export function withPhrase(held: string, phrase: string): string {
  const before = held.trimEnd();
  if (before === "") return phrase;
  return /[。；！？，、,.;!?]$/.test(before) ? `${before}${phrase}` : `${before}；${phrase}`;
}
