/** The browser's own check of an entry: nothing of the server's word is needed but its key. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

import type { Entry, Proof } from '@/api/types'

import { ProofError, onLink } from './fault'
import { leafHash, rootFromInclusionProof } from './merkle'
import { openCheckpoint, parseVerifierKey } from './note'

const CONTENT_DOMAIN = utf8ToBytes('anxun-ledger-content/v1\n')

interface Header {
  index: number
  kind: string
  section: string
  at: string
  commitment: string
  log: string
}

/** What the page asked for, and what it shows beside the entry's own fields: the check is about these. */
export interface Asked {
  index: number
  /** The ledger's id, which every leaf of it carries. */
  log: string
  /** Fields of the record's data that the page shows from another answer of the server. */
  shown?: Record<string, unknown>
}

/** Whether two JSON values are the same, whatever the order of their fields. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = Object.keys(a)
  const values = a as Record<string, unknown>
  const others = b as Record<string, unknown>
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => key in others && isSame(values[key], others[key]))
  )
}

/** Throw where what is shown of an entry is not what its leaf commits to. An erased content is not looked for. */
function checkContent(entry: Entry, header: Header): void {
  if (entry.salt === null || entry.content === null) {
    if (entry.record) throw new ProofError('erased_shown')
    return
  }
  const content = utf8ToBytes(entry.content)
  const commitment = sha256(concatBytes(CONTENT_DOMAIN, hexToBytes(entry.salt), content))
  if (bytesToHex(commitment) !== header.commitment) throw new ProofError('commitment')
  if (!isSame(JSON.parse(entry.content), entry.record)) throw new ProofError('record')
}

function checkAsked(entry: Entry, header: Header, asked: Asked): void {
  if (entry.index !== asked.index) throw new ProofError('other_entry', { asked: asked.index, index: entry.index })
  if (header.log !== asked.log) throw new ProofError('other_ledger_entry', { log: header.log })
  const data: Record<string, unknown> = entry.record?.data ?? {}
  for (const [name, value] of Object.entries(asked.shown ?? {})) {
    if (!isSame(value ?? null, data[name] ?? null)) throw new ProofError('shown')
  }
}

/** Return the entry's leaf hash. Throw ProofError where what is shown is not what the leaf says. */
function checkLeaf(entry: Entry, asked: Asked): Uint8Array {
  const header = JSON.parse(entry.leaf) as Header
  if (
    header.index !== entry.index ||
    header.kind !== entry.kind ||
    header.section !== entry.section ||
    Date.parse(header.at) !== Date.parse(entry.at)
  ) {
    throw new ProofError('header')
  }
  checkContent(entry, header)
  checkAsked(entry, header, asked)
  const leaf = leafHash(utf8ToBytes(entry.leaf))
  if (bytesToHex(leaf) !== entry.leaf_hash) throw new ProofError('leaf_hash')
  return leaf
}

/** Return the size of the signed checkpoint that holds the leaf. Throw ProofError where it does not. */
function checkInclusion(leaf: Uint8Array, index: number, proof: Proof, verifierKey: string): number {
  const checkpoint = openCheckpoint(proof.checkpoint, parseVerifierKey(verifierKey))
  if (checkpoint.size !== proof.tree_size || index !== proof.index || bytesToHex(leaf) !== proof.leaf_hash) {
    throw new ProofError('other_tree')
  }
  const hashes = proof.hashes.map((hash) => hexToBytes(hash))
  const root = rootFromInclusionProof(leaf, index, checkpoint.size, hashes)
  if (bytesToHex(root) !== bytesToHex(checkpoint.root)) throw new ProofError('root')
  return checkpoint.size
}

/** Return the size of the signed checkpoint that holds the entry. Throw BrokenLink, naming link and fault. */
export function checkEntry(entry: Entry, proof: Proof, verifierKey: string, asked: Asked): number {
  // 1 it is the one that was asked for, and what is shown is what its leaf commits to
  const leaf = onLink('entry', () => checkLeaf(entry, asked))
  // 2 the path from the leaf leads to the root of a checkpoint that the ledger's key signed
  return onLink('checkpoint', () => checkInclusion(leaf, entry.index, proof, verifierKey))
}
