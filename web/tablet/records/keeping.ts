// Decides when what is kept on a tablet is in danger: little room left, a browser that may clear it, or one that is known to.

const MEGABYTE = 1_000_000;
const LEFT_BYTES_MIN = 200 * MEGABYTE;
const LEFT_SHARE_MIN = 0.1;

/** Browsers of vendors that clear a site's data by themselves, by what they call themselves, and how people know them. */
const EVICTING: readonly [mark: RegExp, zh: string, en: string][] = [
  [/MicroMessenger/i, "微信内置浏览器", "WeChat's browser"],
  [/MiuiBrowser/i, "小米浏览器", "Mi Browser"],
  [/HuaweiBrowser/i, "华为浏览器", "Huawei Browser"],
  [/VivoBrowser/i, "vivo 浏览器", "vivo Browser"],
  [/HeyTapBrowser/i, "OPPO 浏览器", "OPPO Browser"],
  [/UCBrowser|UBrowser/i, "UC 浏览器", "UC Browser"],
  [/MQQBrowser/i, "QQ 浏览器", "QQ Browser"],
];

export function evictingBrowser(userAgent: string): { zh: string; en: string } | null {
  const found = EVICTING.find(([mark]) => mark.test(userAgent));
  return found === undefined ? null : { zh: found[1], en: found[2] };
}

/** Whether so little is left that recording will soon fail; unknown (no quota) is not little. */
export function isAlmostFull(quota: number, usage: number): boolean {
  const left = quota - usage;
  return quota > 0 && (left < LEFT_BYTES_MIN || left < quota * LEFT_SHARE_MIN);
}

/** Bytes as people read them. */
export function sizeWords(bytes: number): string {
  if (bytes < MEGABYTE / 10) return `${Math.ceil(bytes / 1000)} KB`;
  return bytes < 1000 * MEGABYTE ? `${(bytes / MEGABYTE).toFixed(1)} MB` : `${(bytes / MEGABYTE / 1000).toFixed(1)} GB`;
}
