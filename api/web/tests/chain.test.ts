import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { isOfOneCheckpoint } from '@/ledger/chain'
import { BrokenLink } from '@/ledger/fault'

/** Made by the Python side (tests/assets/make_area_proof.py). */
const { checkpoint } = JSON.parse(readFileSync('../../tests/assets/area_proof.json', 'utf-8')) as { checkpoint: string }

/** The checkpoint with another line in the place of one of its own: 1 is the size, 2 the root. */
function changed(line: 1 | 2, text: string): string {
  const lines = checkpoint.split('\n')
  lines[line] = text
  return lines.join('\n')
}

describe('two answers about a ledger', () => {
  it('are of one checkpoint when size and root agree', () => {
    expect(isOfOneCheckpoint({ checkpoint }, { checkpoint })).toBe(true)
  })

  it('are asked for again when one of them is newer', () => {
    const newer = changed(1, '100000')
    expect(isOfOneCheckpoint({ checkpoint }, { checkpoint: newer })).toBe(false)
    expect(isOfOneCheckpoint({ checkpoint: newer }, { checkpoint })).toBe(false)
  })

  it('tell of two histories when one size has two roots', () => {
    const forked = changed(2, btoa('\0'.repeat(32)))
    expect(() => isOfOneCheckpoint({ checkpoint }, { checkpoint: forked })).toThrow(BrokenLink)
    expect(() => isOfOneCheckpoint({ checkpoint: forked }, { checkpoint })).toThrow('checkpoint: two_histories')
  })
})
