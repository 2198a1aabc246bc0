import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { describe, expect, it } from 'vitest'

import type { Entry, Proof } from '@/api/types'
import en from '@/i18n/en'
import { checkEntry } from '@/ledger/check'
import { BrokenLink, FAULTS, NoteError, onLink } from '@/ledger/fault'
import { leafHash, nodeHash, rootFromInclusionProof } from '@/ledger/merkle'
import { openCheckpoint, parseVerifierKey } from '@/ledger/note'

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

const LOG = '1'
const ORIGIN = `example.test/ledger/${LOG}`
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

const AT = '2026-11-24T01:02:03.000000Z'
const salt = '5a'.repeat(32)
const record = { by: 'system', data: { note: '已整改', number: 7 }, attachments: [] }
const content = '{"attachments":[],"by":"system","data":{"note":"已整改","number":7}}'
const commitment = bytesToHex(
  sha256(concatBytes(utf8ToBytes('anxun-ledger-content/v1\n'), hexToBytes(salt), utf8ToBytes(content))),
)
const texts = Array.from(
  { length: 21 },
  (_, index) => JSON.stringify({ at: AT, commitment, index, kind: 'ticket.closed', log: LOG, section: 'L28' }),
)
const leaves = texts.map((text) => leafHash(utf8ToBytes(text)))

function entryAndProof(index: number, size: number): [Entry, Proof] {
  const tree = leaves.slice(0, size)
  const leaf_hash = bytesToHex(leaves[index]!)
  const shown = { kind: 'ticket.closed', section: 'L28', at: '2026-11-24T01:02:03Z', salt, content, record }
  const entry: Entry = { index, leaf: texts[index]!, leaf_hash, ...shown }
  const hashes = pathOf(index, tree).map(bytesToHex)
  const proof = { index, leaf_hash, tree_size: size, hashes, checkpoint: signed(size, rootOf(tree)), tlog_proof: '' }
  return [entry, proof]
}

function check(entry: Entry, proof: Proof, asked = {}, key = vkey): number {
  return checkEntry(entry, proof, key, { index: entry.index, log: LOG, ...asked })
}

describe('the browser’s own check', () => {
  it('accepts every entry of every tree up to 21', () => {
    for (let size = 1; size <= leaves.length; size++) {
      for (let index = 0; index < size; index++) {
        expect(check(...entryAndProof(index, size))).toBe(size)
      }
    }
  })

  it('refuses an entry whose bytes were changed', () => {
    const [entry, proof] = entryAndProof(3, 8)
    expect(() => check({ ...entry, leaf: entry.leaf.replace('L28', 'L27'), section: 'L27' }, proof)).toThrow('entry: leaf_hash')
  })

  it('refuses a content that the leaf does not commit to, and a record that is not the content', () => {
    const [entry, proof] = entryAndProof(3, 8)
    const changed = { ...record, by: 'user:1' }
    const faked = { ...entry, content: content.replace('system', 'user:1'), record: changed }
    expect(() => check(faked, proof)).toThrow('entry: commitment')
    expect(() => check({ ...entry, record: changed }, proof)).toThrow('entry: record')
    expect(() => check({ ...entry, kind: 'ticket.opened' }, proof)).toThrow('entry: header')
  })

  it('accepts an entry whose content was erased, and no content beside it', () => {
    const [entry, proof] = entryAndProof(3, 8)
    const erased = { ...entry, salt: null, content: null, record: null }
    expect(check(erased, proof)).toBe(8)
    expect(() => check({ ...erased, record }, proof)).toThrow('entry: erased_shown')
  })

  it('refuses another root, though it is well signed', () => {
    const [entry, proof] = entryAndProof(3, 8)
    const other = signed(8, rootOf(leaves.slice(1, 9)))
    expect(() => check(entry, { ...proof, checkpoint: other })).toThrow('checkpoint: root')
  })

  it('refuses a checkpoint that was changed after it was signed', () => {
    const [entry, proof] = entryAndProof(3, 8)
    const changed = proof.checkpoint.replace('\n8\n', '\n9\n')
    expect(() => check(entry, { ...proof, checkpoint: changed })).toThrow('checkpoint: not_signed')
  })

  it('refuses a good entry in the place of the one that was asked for, or of another ledger', () => {
    const [entry, proof] = entryAndProof(3, 8)
    expect(() => check(entry, proof, { index: 4 })).toThrow('entry: other_entry')
    expect(() => check(entry, proof, { log: '2' })).toThrow('entry: other_ledger_entry')
    expect(() => check(entry, { ...proof, index: 4 })).toThrow('checkpoint: other_tree')
    expect(() => check(entry, { ...proof, tree_size: 9 })).toThrow('checkpoint: other_tree')
    expect(() => check(entry, { ...proof, leaf_hash: '00'.repeat(32) })).toThrow('checkpoint: other_tree')
  })

  it('refuses what a page shows from elsewhere when the entry says otherwise', () => {
    const [entry, proof] = entryAndProof(3, 8)
    expect(check(entry, proof, { shown: { note: '已整改', gone: null } })).toBe(8)
    expect(() => check(entry, proof, { shown: { note: '未整改' } })).toThrow('entry: shown')
    expect(() => check(entry, proof, { shown: { note: null } })).toThrow('entry: shown')
    const erased = { ...entry, salt: null, content: null, record: null }
    expect(() => check(erased, proof, { shown: { note: '已整改' } })).toThrow('entry: shown')
  })

  it('refuses another ledger’s checkpoint, though the key signed it', () => {
    const [entry, proof] = entryAndProof(3, 8)
    const text = `example.test/ledger/2\n8\n${base64(rootOf(leaves.slice(0, 8)))}\n`
    const signature = concatBytes(keyId, ed25519.sign(utf8ToBytes(text), secret))
    const checkpoint = `${text}\n— ${ORIGIN} ${base64(signature)}\n`
    expect(() => check(entry, { ...proof, checkpoint })).toThrow('checkpoint: other_ledger')
  })

  it('takes an answer that can’t be read for a broken link', () => {
    const [entry, proof] = entryAndProof(3, 8)
    expect(() => check({ ...entry, leaf: 'no JSON' }, proof)).toThrow('entry: unreadable')
    expect(() => check(entry, { ...proof, hashes: ['xyz'] })).toThrow('checkpoint: unreadable')
    expect(() => check(entry, { ...proof, checkpoint: 'a\n\nb' })).toThrow('checkpoint: not_signed')
    expect(() => check(entry, proof, {}, 'no key')).toThrow('checkpoint: key_form')
  })

  it('names the innermost link, and has words for every fault', () => {
    expect(() => onLink('area', () => onLink('cosignature', () => { throw new NoteError('cosignature') }))).toThrow(BrokenLink)
    expect(() => onLink('area', () => onLink('cosignature', () => { throw new NoteError('cosignature') }))).toThrow(/^cosignature: /)
    expect(Object.keys(en.chain.fault).sort()).toEqual([...FAULTS].sort())
  })

  it('refuses a proof that is too short or too long', () => {
    const path = pathOf(3, leaves.slice(0, 8))
    expect(() => rootFromInclusionProof(leaves[3]!, 3, 8, path.slice(1))).toThrow('too_short')
    expect(() => rootFromInclusionProof(leaves[3]!, 3, 8, [...path, path[0]!])).toThrow('too_long')
    expect(() => rootFromInclusionProof(leaves[3]!, 8, 8, path)).toThrow('not_in_tree')
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
