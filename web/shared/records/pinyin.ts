// Decides by which letters a Chinese name is found: the initials of its pinyin, from the order in which the browser sorts characters.

const LETTERS = "ABCDEFGHJKLMNOPQRSTWXYZ";
/** The first character of each letter, in the order of pinyin. */
const FIRST = "阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥扨它穵夕丫帀";
/** Characters that are read otherwise in surnames than the order has them. */
const ALSO: { [character: string]: string } = {
  曾: "Z", 单: "S", 解: "X", 仇: "Q", 查: "Z", 翟: "Z", 乐: "Y", 盖: "G", 朴: "P", 繁: "P", 种: "C", 区: "O", 覃: "Q", 长: "C", 重: "C",
  尉: "Y", 缪: "M", 石: "S", 厦: "X", 行: "H", 都: "D", 大: "D", 会: "K", 校: "X", 调: "D", 地: "D",
};
const order = new Intl.Collator("zh-u-co-pinyin");

/** The initials by which a text is found, in lower case: one way of reading it, or two where a character has another. */
export function initials(text: string): string[] {
  const characters = [...text].filter((one) => /[\p{Letter}\p{Number}]/u.test(one));
  const usual = characters.map(initial).join("").toLowerCase();
  const other = characters.map((one) => ALSO[one] ?? initial(one)).join("").toLowerCase();
  return usual === other ? [usual] : [usual, other];
}

function initial(character: string): string {
  if (!/\p{Script=Han}/u.test(character)) return character;
  let [low, high] = [0, LETTERS.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (order.compare(character, FIRST[middle]!) >= 0) low = middle;
    else high = middle - 1;
  }
  return LETTERS[low]!;
}
