import { describe, expect, it } from 'vitest'

import { captionWidth, placeCaptions, rectangleOf } from '@/geometry'

const box = { x1: 0.25, y1: 0.5, x2: 0.75, y2: 1, label: 'head', confidence: 0.9 }

describe('boxes over a picture', () => {
  it('lie where the relative box says', () => {
    expect(rectangleOf(box, 400, 200)).toEqual({ x: 100, y: 100, width: 200, height: 100 })
  })

  const picture = { width: 400, height: 300 }
  const caption = { width: 50, height: 20 }
  const place = (...boxes: [number, number][]) =>
    placeCaptions(
      boxes.map(([x, y]) => ({ x, y, width: 10, height: 30 })),
      boxes.map(() => caption),
      picture,
    ).map(({ x, y }) => [x, y])

  it('carry their caption above, or below at the top edge', () => {
    expect(place([10, 100])).toEqual([[10, 80]])
    expect(place([10, 5])).toEqual([[10, 35]])
  })

  it('keep their caption on the picture', () => {
    expect(place([390, 100])).toEqual([[350, 80]])
    expect(place([390, 270])).toEqual([[350, 250]])
  })

  it('let no caption cover another', () => {
    expect(place([10, 100], [30, 100], [50, 100])).toEqual([[10, 80], [30, 130], [50, 60]])
  })

  it('give Chinese characters their full width', () => {
    expect(captionWidth('安全帽', 10)).toBe(30)
    expect(captionWidth('head', 10)).toBeLessThan(30)
  })
})
