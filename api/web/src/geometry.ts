/** Geometry of boxes over a picture. Boxes are relative (0 to 1) to the upright picture. */

/** A box with its label; a model's has a confidence, a person's has none. */
export interface ShownBox {
  x1: number
  y1: number
  x2: number
  y2: number
  label: string
  confidence?: number
}

export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

/** A box in the pixels of a picture of this size. */
export function rectangleOf(box: ShownBox, width: number, height: number): Rectangle {
  return {
    x: box.x1 * width,
    y: box.y1 * height,
    width: (box.x2 - box.x1) * width,
    height: (box.y2 - box.y1) * height,
  }
}

interface Size {
  width: number
  height: number
}

function overlaps(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/** Places for a caption, the best first: above its box, below it, rows further up, and only then over it. */
function placesFor(box: Rectangle, caption: Size, picture: Size): Rectangle[] {
  const x = Math.max(0, Math.min(box.x, picture.width - caption.width))
  const rows = [box.y - caption.height, box.y + box.height]
  for (let row = 2; row <= 6; row++) rows.push(box.y - row * caption.height)
  rows.push(box.y)
  return rows
    .filter((y) => y >= 0 && y + caption.height <= picture.height)
    .map((y) => ({ x, y, ...caption }))
}

/** Where each caption goes, so that it stays on the picture and, where there is room, covers no other caption. */
export function placeCaptions(boxes: Rectangle[], captions: Size[], picture: Size): Rectangle[] {
  const placed: Rectangle[] = []
  boxes.forEach((box, at) => {
    const caption = captions[at] ?? { width: 0, height: 0 }
    const places = placesFor(box, caption, picture)
    const free = places.find((place) => !placed.some((other) => overlaps(place, other)))
    placed.push(free ?? places[0] ?? { x: 0, y: 0, ...caption })
  })
  return placed
}

/** Width of a caption in pixels, near enough: a Chinese character is as wide as it is high, others about half. */
export function captionWidth(text: string, fontPx: number): number {
  let width = 0
  for (const character of text) width += (character.charCodeAt(0) > 0x2e80 ? 1 : 0.58) * fontPx
  return Math.ceil(width)
}
