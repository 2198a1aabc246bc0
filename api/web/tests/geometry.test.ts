import { describe, expect, it } from 'vitest'

import { captionOrigin, captionWidth, rectangleOf } from '@/geometry'

const box = { x1: 0.25, y1: 0.5, x2: 0.75, y2: 1, label: 'head', confidence: 0.9 }

describe('boxes over a picture', () => {
  it('lie where the relative box says', () => {
    expect(rectangleOf(box, 400, 200)).toEqual({ x: 100, y: 100, width: 200, height: 100 })
  })

  it('carry their caption above, or inside at the top edge', () => {
    const caption = { width: 50, height: 20 }
    expect(captionOrigin({ x: 10, y: 100, width: 5, height: 5 }, caption, 400)).toEqual({ x: 10, y: 80 })
    expect(captionOrigin({ x: 10, y: 5, width: 5, height: 5 }, caption, 400)).toEqual({ x: 10, y: 5 })
  })

  it('keep their caption on the picture', () => {
    const at = captionOrigin({ x: 390, y: 100, width: 10, height: 5 }, { width: 50, height: 20 }, 400)
    expect(at.x).toBe(350)
  })

  it('give Chinese characters their full width', () => {
    expect(captionWidth('安全帽', 10)).toBe(30)
    expect(captionWidth('head', 10)).toBeLessThan(30)
  })
})
