/**
 * From a ledger's checkpoint to its area's and the witnesses' cosignatures, checked in the browser itself.
 *
 * docs/formats.md, "Area proof". The statement is a C2SP tlog-proof whose extra data is the area log's entry.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

import { ProofError, onLink } from './fault'
import { checkConsistency, leafHash, rootFromInclusionProof } from './merkle'
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
    throw new ProofError('no_area_proof')
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
    throw new ProofError('area_leaf_hash')
  }
  if (entry.content === null || entry.salt === null || entry.header.kind !== 'checkpoint.published') {
    throw new ProofError('area_kind')
  }
  const content = utf8ToBytes(JSON.stringify(entry.content))
  const commitment = sha256(concatBytes(CONTENT_DOMAIN, hexToBytes(entry.salt), content))
  const { checkpoint } = entry.content.data
  if (bytesToHex(commitment) !== entry.header.commitment || typeof checkpoint !== 'string') {
    throw new ProofError('area_commitment')
  }
  return [readCheckpoint(checkpoint), leaf]
}

/** Return the area's checkpoint of a statement and the ledger's that it covers, when the newest continues it. */
function checkCovering(statement: Statement, latest: Checkpoint, areaVkey: string): [Checkpoint, Checkpoint] {
  const covering = openCheckpoint(statement.checkpoint, parseVerifierKey(areaVkey))
  // The entry is in the area's log, and publishes a checkpoint of this ledger.
  const [covered, leaf] = publishedBy(statement)
  const root = rootFromInclusionProof(leaf, statement.index, covering.size, statement.hashes)
  if (bytesToHex(root) !== bytesToHex(covering.root)) throw new ProofError('root')
  if (covered.origin !== latest.origin) throw new ProofError('area_ledger', { name: covered.origin })
  checkConsistency(covered, latest, statement.consistency)
  return [covering, covered]
}

/** Return when each witness cosigned; one that claims to be of a known witness must hold. */
function cosignedBy(note: string, witnesses: readonly string[]): Map<string, number> {
  return new Map(
    witnesses.flatMap((vkey) => {
      const at = cosignedAt(note, parseVerifierKey(vkey, WITNESS))
      return at === null ? [] : [[vkey, at] as const]
    }),
  )
}

/**
 * Check that the area covers the ledger's signed checkpoint, and who cosigned the area's.
 * Throw BrokenLink, naming link and fault.
 */
export function checkArea(
  proof: string,
  ledger: { checkpoint: string; vkey: string },
  area: { vkey: string; witnesses: readonly string[] },
): AreaVouch {
  // 1 the ledger's checkpoint is signed by its key
  const latest = onLink('checkpoint', () => openCheckpoint(ledger.checkpoint, parseVerifierKey(ledger.vkey)))
  // 2 the area's log holds a checkpoint of the ledger, which the one of step 1 continues
  const statement = onLink('area', () => parseStatement(proof))
  const [covering, covered] = onLink('area', () => checkCovering(statement, latest, area.vkey))
  // 3 the witnesses' cosignatures on the area's checkpoint hold
  const cosigned = onLink('cosignature', () => cosignedBy(statement.checkpoint, area.witnesses))
  return { areaSize: covering.size, coveredSize: covered.size, cosigned }
}
