import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { describe, expect, it } from 'vitest'

import type { Entry, Proof } from '@/api/types'
import { checkEntry } from '@/ledger/check'
import { ProofError, leafHash, nodeHash, rootFromInclusionProof } from '@/ledger/merkle'
import { NoteError, openCheckpoint, parseVerifierKey } from '@/ledger/note'

/** RFC 6962 section 2.1 as it is written: slow and obvious. */
function rootOf(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

function pathOf(index: number, leaves: Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return index < split
    ? [...pathOf(index, leaves.slice(0, split)), rootOf(leaves.slice(split))]
    : [...pathOf(index - split, leaves.slice(split)), rootOf(leaves.slice(0, split))]
}

const ORIGIN = 'example.test/ledger/1'
const secret = ed25519.utils.randomSecretKey()
const keyBytes = concatBytes(Uint8Array.of(1), ed25519.getPublicKey(secret))
const keyId = sha256(concatBytes(utf8ToBytes(`${ORIGIN}\n`), keyBytes)).slice(0, 4)
const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
const vkey = `${ORIGIN}+${bytesToHex(keyId)}+${base64(keyBytes)}`

function signed(size: number, root: Uint8Array): string {
  const text = `${ORIGIN}\n${size}\n${base64(root)}\n`
  const signature = concatBytes(keyId, ed25519.sign(utf8ToBytes(text), secret))
  return `${text}\n— ${ORIGIN} ${base64(signature)}\n`
}

const texts = Array.from({ length: 21 }, (_, at) => `{"index":${at}}`)
const leaves = texts.map((text) => leafHash(utf8ToBytes(text)))

function entryAndProof(index: number, size: number): [Entry, Proof] {
  const tree = leaves.slice(0, size)
  const leaf_hash = bytesToHex(leaves[index]!)
  const entry = { index, leaf: texts[index]!, leaf_hash } as Entry
  const hashes = pathOf(index, tree).map(bytesToHex)
  const proof = { index, leaf_hash, tree_size: size, hashes, checkpoint: signed(size, rootOf(tree)), tlog_proof: '' }
  return [entry, proof]
}

describe('the browser’s own check', () => {
  it('accepts every entry of every tree up to 21', () => {
    for (let size = 1; size <= leaves.length; size++) {
      for (let index = 0; index < size; index++) {
        expect(checkEntry(...entryAndProof(index, size), vkey)).toBe(size)
      }
    }
  })

  it('refuses an entry whose bytes were changed', () => {
    const [entry, proof] = entryAndProof(3, 8)
    expect(() => checkEntry({ ...entry, leaf: '{"index":4}' }, proof, vkey)).toThrow(ProofError)
  })

  it('refuses another root, though it is well signed', () => {
    const [entry, proof] = entryAndProof(3, 8)
    const other = signed(8, rootOf(leaves.slice(1, 9)))
    expect(() => checkEntry(entry, { ...proof, checkpoint: other }, vkey)).toThrow(ProofError)
  })

  it('refuses a checkpoint that was changed after it was signed', () => {
    const [entry, proof] = entryAndProof(3, 8)
    const changed = proof.checkpoint.replace('\n8\n', '\n9\n')
    expect(() => checkEntry(entry, { ...proof, checkpoint: changed }, vkey)).toThrow(NoteError)
  })

  it('refuses a proof that is too short or too long', () => {
    const path = pathOf(3, leaves.slice(0, 8))
    expect(() => rootFromInclusionProof(leaves[3]!, 3, 8, path.slice(1))).toThrow('too short')
    expect(() => rootFromInclusionProof(leaves[3]!, 3, 8, [...path, path[0]!])).toThrow('too long')
    expect(() => rootFromInclusionProof(leaves[3]!, 8, 8, path)).toThrow('not within')
  })

  it('refuses a key whose id is not its own', () => {
    expect(() => parseVerifierKey(vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toThrow(NoteError)
    expect(() => parseVerifierKey('nonsense')).toThrow(NoteError)
  })

  it('reads what is signed and nothing else', () => {
    const root = rootOf(leaves.slice(0, 5))
    expect(openCheckpoint(signed(5, root), parseVerifierKey(vkey))).toEqual({ origin: ORIGIN, size: 5, root })
    expect(() => openCheckpoint('no signatures', parseVerifierKey(vkey))).toThrow(NoteError)
  })
})
