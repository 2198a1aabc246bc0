/** The browser's own check of an entry: nothing of the server's word is needed but its key. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

import type { Entry, Proof } from '@/api/types'

import { ProofError, leafHash, rootFromInclusionProof } from './merkle'
import { openCheckpoint, parseVerifierKey } from './note'

const CONTENT_DOMAIN = utf8ToBytes('anxun-ledger-content/v1\n')

interface Header {
  index: number
  kind: string
  section: string
  at: string
  commitment: string
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
function checkContent(entry: Entry): void {
  const header = JSON.parse(entry.leaf) as Header
  if (
    header.index !== entry.index ||
    header.kind !== entry.kind ||
    header.section !== entry.section ||
    Date.parse(header.at) !== Date.parse(entry.at)
  ) {
    throw new ProofError('the entry says something else than its leaf')
  }
  if (entry.salt === null || entry.content === null) {
    if (entry.record) throw new ProofError('an erased entry shows a content')
    return
  }
  const content = utf8ToBytes(entry.content)
  const commitment = sha256(concatBytes(CONTENT_DOMAIN, hexToBytes(entry.salt), content))
  if (bytesToHex(commitment) !== header.commitment) {
    throw new ProofError('the content is not the one that the leaf commits to')
  }
  if (!isSame(JSON.parse(entry.content), entry.record)) {
    throw new ProofError('what is shown is not the content')
  }
}

/** Return the size of the signed checkpoint that holds the entry. Throw, naming the fault, where it does not. */
export function checkEntry(entry: Entry, proof: Proof, verifierKey: string): number {
  // 1 what is shown is what the leaf commits to, and the leaf's bytes hash to the entry's leaf hash
  checkContent(entry)
  const leaf = leafHash(utf8ToBytes(entry.leaf))
  if (bytesToHex(leaf) !== entry.leaf_hash || entry.leaf_hash !== proof.leaf_hash) {
    throw new ProofError('the entry does not hash to its leaf hash')
  }
  // 2 the checkpoint is signed by the ledger's key
  const checkpoint = openCheckpoint(proof.checkpoint, parseVerifierKey(verifierKey))
  // 3 the path from the leaf leads to the checkpoint's root
  if (checkpoint.size !== proof.tree_size || entry.index !== proof.index) {
    throw new ProofError('the proof is for another entry or tree')
  }
  const hashes = proof.hashes.map((hash) => hexToBytes(hash))
  const root = rootFromInclusionProof(leaf, entry.index, checkpoint.size, hashes)
  if (bytesToHex(root) !== bytesToHex(checkpoint.root)) {
    throw new ProofError('the proof does not lead to the root of the checkpoint')
  }
  return checkpoint.size
}
