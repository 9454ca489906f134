// Decides what a PIN is: six digits, and none that anybody would try first.

export const PIN_DIGITS = 6;

export function isWeak(pin: string): boolean {
  if (new Set(pin).size < 3) return true;
  return "01234567890123456789".includes(pin) || "98765432109876543210".includes(pin) || pin.slice(0, 3) === pin.slice(3);
}
