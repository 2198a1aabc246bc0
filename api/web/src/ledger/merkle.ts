/** Inclusion in a Merkle tree: RFC 6962 section 2.1 hashing, RFC 9162 section 2.1.3.2 checking. */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'

import { ProofError } from './fault'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF, leaf))
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE, left, right))
}

/** Return the root that an inclusion proof leads to. Throw where its length does not fit the tree. */
export function rootFromInclusionProof(
  leaf: Uint8Array,
  index: number,
  treeSize: number,
  hashes: readonly Uint8Array[],
): Uint8Array {
  if (!Number.isSafeInteger(index) || index < 0 || index >= treeSize) {
    throw new ProofError('not_in_tree', { index, size: treeSize })
  }
  let position = index
  let last = treeSize - 1
  let root = leaf
  for (const hash of hashes) {
    if (last === 0) throw new ProofError('too_long')
    if (position % 2 === 1 || position === last) {
      root = nodeHash(hash, root)
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2)
        last = Math.floor(last / 2)
      }
    } else {
      root = nodeHash(root, hash)
    }
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  if (last !== 0) throw new ProofError('too_short')
  return root
}

interface Tree {
  size: number
  root: Uint8Array
}

function isSameRoot(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** Throw unless the newer tree only adds leaves to the older one: RFC 9162 section 2.1.4.2. */
export function checkConsistency(older: Tree, newer: Tree, hashes: readonly Uint8Array[]): void {
  if (older.size > newer.size) throw new ProofError('shrunk', { old: older.size, new: newer.size })
  if (older.size === newer.size || older.size === 0) {
    const isSame = older.size === 0 || isSameRoot(older.root, newer.root)
    if (hashes.length > 0 || !isSame) throw new ProofError('one_size', { size: older.size })
    return
  }
  let position = older.size - 1
  let last = newer.size - 1
  while (position % 2 === 1) {
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  // A power of two is a subtree of the newer tree itself, so the proof does not repeat its root.
  const [first, ...rest] = position === 0 ? [older.root, ...hashes] : hashes
  if (!first) throw new ProofError('too_short')
  let old = first
  let grown = first
  for (const hash of rest) {
    if (last === 0) throw new ProofError('too_long')
    if (position % 2 === 1 || position === last) {
      old = nodeHash(hash, old)
      grown = nodeHash(hash, grown)
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2)
        last = Math.floor(last / 2)
      }
    } else {
      grown = nodeHash(grown, hash)
    }
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  if (last !== 0 || !isSameRoot(old, older.root) || !isSameRoot(grown, newer.root)) {
    throw new ProofError('not_continued', { old: older.size, new: newer.size })
  }
}
