/** Geometry of boxes over a picture. Boxes are relative (0 to 1) to the upright picture. */
import type { Box } from '@/api/types'

export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

/** A box in the pixels of a picture of this size. */
export function rectangleOf(box: Box, width: number, height: number): Rectangle {
  return {
    x: box.x1 * width,
    y: box.y1 * height,
    width: (box.x2 - box.x1) * width,
    height: (box.y2 - box.y1) * height,
  }
}

/** Where a caption of this size goes: above the box, inside it at the picture's top edge, never off the side. */
export function captionOrigin(
  box: Rectangle,
  caption: { width: number; height: number },
  pictureWidth: number,
): { x: number; y: number } {
  const x = Math.max(0, Math.min(box.x, pictureWidth - caption.width))
  const y = box.y >= caption.height ? box.y - caption.height : box.y
  return { x, y }
}

/** Width of a caption in pixels, near enough: a Chinese character is as wide as it is high, others about half. */
export function captionWidth(text: string, fontPx: number): number {
  let width = 0
  for (const character of text) width += (character.charCodeAt(0) > 0x2e80 ? 1 : 0.58) * fontPx
  return Math.ceil(width)
}
