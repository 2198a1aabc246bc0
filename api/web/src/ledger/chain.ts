/** From one entry to the witnesses: entry → the ledger's checkpoint → the area's log → cosignatures, in the browser. */
import { bytesToHex } from '@noble/hashes/utils.js'

import type { Entry, Proof, Vouching } from '@/api/types'

import { type AreaVouch, checkArea } from './area'
import { type Asked, checkEntry } from './check'
import { BrokenLink, onLink } from './fault'
import { readCheckpoint } from './note'

export interface Cosigner {
  name: string
  /** Milliseconds since 1970, by the witness's own clock. */
  at: number
}

export interface Chain {
  /** Entries of the ledger that its signed checkpoint covers. */
  size: number
  /** How far the area's log covers the ledger; null before it covers anything of it. */
  area: AreaVouch | null
  /** Whether the area's log covers this entry already. */
  isCovered: boolean
  cosigners: Cosigner[]
}

/**
 * Whether both answers are about one checkpoint; a newer one may have been published between them.
 * Throw BrokenLink where they are of one size with different contents: no publishing explains that.
 */
export function isOfOneCheckpoint(proof: Pick<Proof, 'checkpoint'>, vouching: Pick<Vouching, 'checkpoint'>): boolean {
  const [one, other] = onLink('checkpoint', () => [readCheckpoint(proof.checkpoint), readCheckpoint(vouching.checkpoint)] as const)
  if (one.size !== other.size) return false
  if (bytesToHex(one.root) !== bytesToHex(other.root)) {
    throw new BrokenLink('checkpoint', 'two_histories', { size: one.size })
  }
  return true
}

/**
 * Return how far the chain of an entry reaches; null where the answers are about two checkpoints, and are to be asked for again.
 * Throw BrokenLink, naming the fault, where a link of it does not hold.
 */
export function checkChain(entry: Entry, proof: Proof, vkey: string, vouching: Vouching, asked: Asked): Chain | null {
  // 1 the entry is in the ledger's signed checkpoint
  const size = checkEntry(entry, proof, vkey, asked)
  if (!isOfOneCheckpoint(proof, vouching)) return null
  if (!vouching.area_proof) return { size, area: null, isCovered: false, cosigners: [] }
  // 2 the area's log holds an earlier checkpoint of the ledger, which the one of step 1 continues; who cosigned the area's
  const { vkey: areaKey, witnesses } = vouching.area
  const area = checkArea(
    vouching.area_proof, { checkpoint: proof.checkpoint, vkey }, { vkey: areaKey, witnesses: witnesses.map((one) => one.vkey) },
  )
  // 3 the entry stands before the end of what the area covers: the two trees share these entries
  const isCovered = entry.index < area.coveredSize
  const cosigners = witnesses.flatMap(({ vkey: key, name, party }) => {
    const at = area.cosigned.get(key)
    return at === undefined ? [] : [{ name: party || name, at: at * 1000 }]
  })
  return { size, area, isCovered, cosigners: isCovered ? cosigners : [] }
}
