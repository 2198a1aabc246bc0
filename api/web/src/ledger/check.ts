/** The browser's own check of an entry: nothing of the server's word is needed but its key. */
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

import type { Entry, Proof } from '@/api/types'

import { ProofError, leafHash, rootFromInclusionProof } from './merkle'
import { openCheckpoint, parseVerifierKey } from './note'

/** Return the size of the signed checkpoint that holds the entry. Throw, naming the fault, where it does not. */
export function checkEntry(entry: Entry, proof: Proof, verifierKey: string): number {
  // 1 the leaf's bytes hash to the entry's leaf hash
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
