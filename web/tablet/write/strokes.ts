// Decides how a signature is kept: each line of the pen as whole numbers `[x, y, x, y, …]` of a square of 10,000, few enough to travel,
// enough to be recognised.

export interface Point {
  x: number;
  y: number;
}

const SIDE = 10_000;
/** Steps smaller than this nobody sees. */
const STEP_MIN = 40;
const POINTS_MAX = 4_000;

/** A point of a pad of this width (both sides are measured by it, so that nothing is stretched). */
export function pointOf(x: number, y: number, width: number): Point {
  const scaled = (side: number): number => Math.max(0, Math.min(SIDE, Math.round((side / width) * SIDE)));
  return { x: scaled(x), y: scaled(y) };
}

/** The line with a point more, or as it is when the pen has hardly moved or enough was drawn. */
export function drawn(line: readonly number[], point: Point, already: number): number[] {
  const [x, y] = line.slice(-2);
  const far = x === undefined || y === undefined || Math.hypot(point.x - x, point.y - y) >= STEP_MIN;
  return far && already < POINTS_MAX * 2 ? [...line, point.x, point.y] : [...line];
}

/** Whether somebody has signed: a dot or two is no signature. */
export function isSigned(strokes: readonly (readonly number[])[]): boolean {
  return strokes.reduce((length, line) => length + line.length, 0) >= 12;
}
