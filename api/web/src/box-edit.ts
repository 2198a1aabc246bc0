/** Moving, resizing and drawing boxes: pure functions of relative coordinates (0 to 1). */

export interface EditedBox {
  x1: number
  y1: number
  x2: number
  y2: number
  label: string
}

export interface Point {
  x: number
  y: number
}

export type Corner = 'nw' | 'ne' | 'sw' | 'se'
export const CORNERS: readonly Corner[] = ['nw', 'ne', 'sw', 'se']

/** No side is shorter than this share of the picture: a slip of the finger leaves no sliver. */
export const LEAST = 0.005

const within = (value: number, least = 0, most = 1): number => Math.min(most, Math.max(least, value))
/** Six digits are finer than a pixel of any camera, and keep what is sent readable. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6

function tidy(box: EditedBox): EditedBox {
  return { label: box.label, x1: rounded(box.x1), y1: rounded(box.y1), x2: rounded(box.x2), y2: rounded(box.y2) }
}

/** The box moved as far as the picture's border allows; its size stays. */
export function moved(box: EditedBox, by: Point): EditedBox {
  const x = within(by.x, -box.x1, 1 - box.x2)
  const y = within(by.y, -box.y1, 1 - box.y2)
  return tidy({ ...box, x1: box.x1 + x, x2: box.x2 + x, y1: box.y1 + y, y2: box.y2 + y })
}

/** The box with one corner moved; the opposite corner stays, and no side gets shorter than `LEAST`. */
export function resized(box: EditedBox, corner: Corner, by: Point): EditedBox {
  const next = { ...box }
  if (corner.endsWith('w')) next.x1 = within(box.x1 + by.x, 0, box.x2 - LEAST)
  else next.x2 = within(box.x2 + by.x, box.x1 + LEAST, 1)
  if (corner.startsWith('n')) next.y1 = within(box.y1 + by.y, 0, box.y2 - LEAST)
  else next.y2 = within(box.y2 + by.y, box.y1 + LEAST, 1)
  return tidy(next)
}

/** The box between two points, whichever way it was drawn; null for a tap. */
export function drawn(from: Point, to: Point, label: string): EditedBox | null {
  const [a, b] = [
    { x: within(from.x), y: within(from.y) },
    { x: within(to.x), y: within(to.y) },
  ]
  const box = { x1: Math.min(a.x, b.x), x2: Math.max(a.x, b.x), y1: Math.min(a.y, b.y), y2: Math.max(a.y, b.y), label }
  return box.x2 - box.x1 < LEAST || box.y2 - box.y1 < LEAST ? null : tidy(box)
}

/** Whether two lists hold the same boxes in the same order. */
export function same(a: readonly EditedBox[], b: readonly EditedBox[]): boolean {
  const text = (boxes: readonly EditedBox[]): string => JSON.stringify(boxes.map(tidy))
  return text(a) === text(b)
}
