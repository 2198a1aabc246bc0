import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { checkArea } from '@/ledger/area'
import { BrokenLink, NoteError, ProofError } from '@/ledger/fault'
import { checkConsistency, leafHash, nodeHash } from '@/ledger/merkle'
import { WITNESS, cosignedAt, parseVerifierKey } from '@/ledger/note'

interface Chain {
  area_proof: string
  checkpoint: string
  vkey: string
  area_vkey: string
  witnesses: string[]
  cosigned_at: number
}

/** Made by the Python side (tests/assets/make_area_proof.py), which checks it as well. */
const chain = JSON.parse(readFileSync('../../tests/assets/area_proof.json', 'utf-8')) as Chain

function check(changes: Partial<Chain> = {}) {
  const it = { ...chain, ...changes }
  return checkArea(it.area_proof, it, { vkey: it.area_vkey, witnesses: it.witnesses })
}

/** RFC 6962 section 2.1 as it is written: slow and obvious. */
function rootOf(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/** RFC 6962 section 2.1.2, likewise. */
function consistency(size: number, leaves: Uint8Array[], isWhole = true): Uint8Array[] {
  if (size === leaves.length) return isWhole ? [] : [rootOf(leaves)]
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return size <= split
    ? [...consistency(size, leaves.slice(0, split), isWhole), rootOf(leaves.slice(split))]
    : [...consistency(size - split, leaves.slice(split), false), rootOf(leaves.slice(0, split))]
}

const leaves = Array.from({ length: 23 }, (_, index) => leafHash(Uint8Array.of(index)))
const tree = (size: number) => ({ size, root: rootOf(leaves.slice(0, size)) })

describe('consistency proofs', () => {
  it('lead from every tree to every larger one, and from no other', () => {
    for (let size = 1; size <= leaves.length; size++) {
      for (let old = 1; old <= size; old++) {
        const proof = consistency(old, leaves.slice(0, size))
        checkConsistency(tree(old), tree(size), proof)
        const other = { size: old, root: leafHash(Uint8Array.of(255)) }
        expect(() => checkConsistency(other, tree(size), proof)).toThrow(ProofError)
        expect(() => checkConsistency(tree(old), { size, root: other.root }, proof)).toThrow(ProofError)
        expect(() => checkConsistency(tree(old), tree(size), [...proof, other.root])).toThrow(ProofError)
        if (proof.length > 0) {
          expect(() => checkConsistency(tree(old), tree(size), proof.slice(1))).toThrow(ProofError)
        }
      }
    }
  })
  it('start anywhere from the empty tree, and never go back', () => {
    checkConsistency({ size: 0, root: leaves[0]! }, tree(3), [])
    expect(() => checkConsistency(tree(3), tree(2), [])).toThrow(ProofError)
  })
})

describe('the chain to the witnesses', () => {
  it('holds for what the server made', () => {
    const vouch = check()
    expect([vouch.areaSize, vouch.coveredSize]).toEqual([5, 3])
    expect([...vouch.cosigned.values()]).toEqual([chain.cosigned_at, chain.cosigned_at + 1])
  })
  it('counts only witnesses that it was told of', () => {
    expect(check({ witnesses: chain.witnesses.slice(0, 1) }).cosigned.size).toBe(1)
    expect(check({ witnesses: [] }).cosigned.size).toBe(0)
  })
  it('breaks with any other key, checkpoint, entry or cosignature, and tells at which link', () => {
    expect(() => check({ area_vkey: chain.vkey })).toThrow('area: not_signed')
    expect(() => check({ vkey: chain.area_vkey })).toThrow('checkpoint: not_signed')
    expect(() => check({ checkpoint: chain.checkpoint.replace('\n7\n', '\n8\n') })).toThrow('checkpoint: not_signed')
    expect(() => check({ area_proof: chain.area_proof.replace('index 0', 'index 1') })).toThrow('area: area_leaf_hash')
    expect(() => check({ area_proof: 'no proof' })).toThrow('area: no_area_proof')
    const line = chain.area_proof.split('\n').find((text) => text.startsWith('— bureau'))!
    const [dash, name, blob = ''] = line.split(' ')
    const bytes = Uint8Array.from(atob(blob), (sign) => sign.charCodeAt(0))
    bytes[40]! ^= 1
    const forged = [dash, name, btoa(String.fromCharCode(...bytes))].join(' ')
    expect(() => check({ area_proof: chain.area_proof.replace(line, forged) })).toThrow(/^cosignature: cosignature .*bureau/)
  })
  it('breaks with another entry in the extra data', () => {
    const extra = chain.area_proof.split('\n')[1]!.slice('extra '.length)
    const json = new TextDecoder().decode(Uint8Array.from(atob(extra), (sign) => sign.charCodeAt(0)))
    for (const [old, changed] of [
      ['"by":"system"', '"by":"nobody"'],
      ['checkpoint.published', 'checkpoint.pretended'],
      ['"section":"area"', '"section":"aera"'],
    ] as const) {
      expect(json).toContain(old)
      const lie = btoa(String.fromCharCode(...new TextEncoder().encode(json.replace(old, changed))))
      expect(() => check({ area_proof: chain.area_proof.replace(extra, lie) })).toThrow(BrokenLink)
    }
  })
  it('tells a log’s key from a witness’s', () => {
    expect(() => parseVerifierKey(chain.vkey, WITNESS)).toThrow(NoteError)
    expect(() => parseVerifierKey(chain.witnesses[0]!)).toThrow(NoteError)
    expect(cosignedAt(chain.checkpoint, parseVerifierKey(chain.witnesses[0]!, WITNESS))).toBeNull()
  })
})
