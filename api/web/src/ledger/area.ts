/**
 * From a ledger's checkpoint to its area's and the witnesses' cosignatures, checked in the browser itself.
 *
 * docs/formats.md, "Area proof". The statement is a C2SP tlog-proof whose extra data is the area log's entry.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

import { ProofError, checkConsistency, leafHash, rootFromInclusionProof } from './merkle'
import {
  type Checkpoint, WITNESS, cosignedAt, fromBase64, openCheckpoint, parseVerifierKey, readCheckpoint,
} from './note'

const CONTENT_DOMAIN = utf8ToBytes('anxun-ledger-content/v1\n')
const FIRST_LINE = 'c2sp.org/tlog-proof@v1'

interface AreaEntry {
  content: { attachments: unknown[]; by: string; data: { checkpoint?: unknown } } | null
  header: { commitment: string; index: number; kind: string }
  leaf_hash: string
  salt: string | null
}

interface Statement {
  entry: AreaEntry
  consistency: Uint8Array[]
  index: number
  hashes: Uint8Array[]
  checkpoint: string
}

export interface AreaVouch {
  areaSize: number
  coveredSize: number
  /** Seconds since 1970 by the vkey of each witness that cosigned. */
  cosigned: Map<string, number>
}

function parseStatement(text: string): Statement {
  const blank = text.indexOf('\n\n')
  const [first, extra = '', index = '', ...hashes] = text.slice(0, blank).split('\n')
  if (blank < 0 || first !== FIRST_LINE || !extra.startsWith('extra ') || !/^index \d+$/.test(index)) {
    throw new ProofError('not an area proof')
  }
  const json = new TextDecoder().decode(fromBase64(extra.slice('extra '.length)))
  const said = JSON.parse(json) as { consistency: string[]; entry: AreaEntry }
  return {
    entry: said.entry,
    consistency: said.consistency.map((hash) => hexToBytes(hash)),
    index: Number(index.slice('index '.length)),
    hashes: hashes.map(fromBase64),
    checkpoint: text.slice(blank + 2),
  }
}

/** Return the checkpoint that the entry publishes, and the entry's leaf hash. Throw where they do not fit. */
function publishedBy({ entry, index }: Statement): [Checkpoint, Uint8Array] {
  // The header is canonical JSON of plain fields, so writing it again gives the same bytes.
  const leaf = leafHash(utf8ToBytes(JSON.stringify(entry.header)))
  if (bytesToHex(leaf) !== entry.leaf_hash || entry.header.index !== index) {
    throw new ProofError('the area’s entry does not hash to its leaf hash')
  }
  if (entry.content === null || entry.salt === null || entry.header.kind !== 'checkpoint.published') {
    throw new ProofError('the area’s entry publishes no checkpoint')
  }
  const content = utf8ToBytes(JSON.stringify(entry.content))
  const commitment = sha256(concatBytes(CONTENT_DOMAIN, hexToBytes(entry.salt), content))
  const { checkpoint } = entry.content.data
  if (bytesToHex(commitment) !== entry.header.commitment || typeof checkpoint !== 'string') {
    throw new ProofError('the area’s entry says something else than it commits to')
  }
  return [readCheckpoint(checkpoint), leaf]
}

/** Check that the area covers the ledger's signed checkpoint, and who cosigned the area's. Throw, naming the fault. */
export function checkArea(
  proof: string,
  ledger: { checkpoint: string; vkey: string },
  area: { vkey: string; witnesses: readonly string[] },
): AreaVouch {
  const statement = parseStatement(proof)
  // 1 both checkpoints are signed by their log's key
  const latest = openCheckpoint(ledger.checkpoint, parseVerifierKey(ledger.vkey))
  const areaKey = parseVerifierKey(area.vkey)
  const covering = openCheckpoint(statement.checkpoint, areaKey)
  if (covering.origin !== areaKey.name) throw new ProofError('the checkpoint is not the area’s')
  // 2 a cosignature that claims to be of a known witness holds
  const cosigned = new Map<string, number>()
  for (const vkey of area.witnesses) {
    const at = cosignedAt(statement.checkpoint, parseVerifierKey(vkey, WITNESS))
    if (at !== null) cosigned.set(vkey, at)
  }
  // 3 the entry is in the area's log, and publishes a checkpoint of this ledger
  const [covered, leaf] = publishedBy(statement)
  const root = rootFromInclusionProof(leaf, statement.index, covering.size, statement.hashes)
  if (bytesToHex(root) !== bytesToHex(covering.root)) {
    throw new ProofError('the proof does not lead to the root of the area’s checkpoint')
  }
  if (covered.origin !== latest.origin) throw new ProofError('the area covers another ledger')
  // 4 the ledger's checkpoint continues the published one
  checkConsistency(covered, latest, statement.consistency)
  return { areaSize: covering.size, coveredSize: covered.size, cosigned }
}
