import { describe, expect, it } from 'vitest'

import { CORNERS, type EditedBox, LEAST, drawn, moved, resized, same } from '@/box-edit'

const box: EditedBox = { x1: 0.2, y1: 0.3, x2: 0.4, y2: 0.6, label: 'head' }

describe('a box', () => {
  it('moves as far as the border, and keeps its size', () => {
    expect(moved(box, { x: 0.1, y: -0.1 })).toEqual({ ...box, x1: 0.3, y1: 0.2, x2: 0.5, y2: 0.5 })
    expect(moved(box, { x: 9, y: -9 })).toEqual({ ...box, x1: 0.8, y1: 0, x2: 1, y2: 0.3 })
  })

  it('is resized by a corner while the opposite one stays', () => {
    expect(resized(box, 'se', { x: 0.1, y: 0.1 })).toEqual({ ...box, x2: 0.5, y2: 0.7 })
    expect(resized(box, 'nw', { x: -0.1, y: 0.1 })).toEqual({ ...box, x1: 0.1, y1: 0.4 })
    expect(resized(box, 'ne', { x: 0.1, y: -0.1 })).toEqual({ ...box, x2: 0.5, y1: 0.2 })
    expect(resized(box, 'sw', { x: -9, y: 9 })).toEqual({ ...box, x1: 0, y2: 1 })
  })

  it('never turns inside out, however far a corner is dragged', () => {
    for (const corner of CORNERS) {
      for (const by of [{ x: 5, y: 5 }, { x: -5, y: -5 }, { x: 5, y: -5 }]) {
        const { x1, y1, x2, y2 } = resized(box, corner, by)
        expect(x2 - x1).toBeGreaterThanOrEqual(LEAST - 1e-6)
        expect(y2 - y1).toBeGreaterThanOrEqual(LEAST - 1e-6)
        expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(0)
        expect(Math.max(x2, y2)).toBeLessThanOrEqual(1)
      }
    }
  })

  it('is drawn in any direction within the picture; a tap draws none', () => {
    const wanted = { x1: 0.1, y1: 0.2, x2: 0.5, y2: 1, label: 'vest' }
    expect(drawn({ x: 0.5, y: 0.2 }, { x: 0.1, y: 1.7 }, 'vest')).toEqual(wanted)
    expect(drawn({ x: 0.5, y: 0.5 }, { x: 0.501, y: 0.9 }, 'vest')).toBeNull()
  })

  it('is the same when nothing was changed', () => {
    expect(same([box], [{ ...box }])).toBe(true)
    expect(same([box], [moved(box, { x: 0.01, y: 0 })])).toBe(false)
    expect(same([box], [{ ...box, label: 'helmet' }])).toBe(false)
    expect(same([box], [])).toBe(false)
  })
})
