/**
 * Signed checkpoints: C2SP signed-note and tlog-checkpoint, and the verifier's key in the vkey form.
 *
 * A note is text, an empty line, then signature lines `— name base64(key id || signature)`.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'

import { NoteError } from './fault'

const ED25519 = 1
/** The type of a witness's key: C2SP tlog-cosignature. */
export const WITNESS = 4

export interface VerifierKey {
  name: string
  keyId: Uint8Array
  publicKey: Uint8Array
}

export interface Checkpoint {
  origin: string
  size: number
  root: Uint8Array
}

export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    throw new NoteError('base64')
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** Read `name+8 hex digits+base64(type || public key)`; the key id is checked against the key. */
export function parseVerifierKey(text: string, type = ED25519): VerifierKey {
  const match = /^(.+?)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim())
  if (!match) throw new NoteError('key_form')
  const [, name = '', id = '', encoded = ''] = match
  const key = fromBase64(encoded)
  if (key[0] !== type || key.length !== 33) throw new NoteError('key_type', { name })
  const keyId = sha256(concatBytes(utf8ToBytes(`${name}\n`), key)).slice(0, 4)
  const said = Uint8Array.from(id.match(/../g) ?? [], (pair) => parseInt(pair, 16))
  if (!isEqual(keyId, said)) throw new NoteError('key_id', { name })
  return { name, keyId, publicKey: key.slice(1) }
}

function splitNote(note: string): [string, string] {
  const split = note.lastIndexOf('\n\n')
  if (split < 0) throw new NoteError('no_signatures')
  return [note.slice(0, split + 1), note.slice(split + 2)]
}

/** Return the checkpoint of a note whose signatures are not looked at. */
export function readCheckpoint(note: string): Checkpoint {
  const [text] = splitNote(note)
  const [origin = '', size = '', root = ''] = text.split('\n')
  if (!/^(0|[1-9]\d*)$/.test(size)) throw new NoteError('no_size')
  return { origin, size: Number(size), root: fromBase64(root) }
}

/** Return the checkpoint of a note that this key has signed under its own log's name; throw otherwise. */
export function openCheckpoint(note: string, key: VerifierKey): Checkpoint {
  const [text, lines] = splitNote(note)
  const isSigned = signaturesOf(lines, key).some(
    (signature) => signature.length === 64 && ed25519.verify(signature, utf8ToBytes(text), key.publicKey),
  )
  if (!isSigned) throw new NoteError('not_signed', { name: key.name })
  const checkpoint = readCheckpoint(note)
  if (checkpoint.origin !== key.name) throw new NoteError('other_ledger', { name: key.name, origin: checkpoint.origin })
  return checkpoint
}

/**
 * Return when a witness cosigned the note, in seconds since 1970; null where it did not.
 * Throw where a cosignature that claims to be its own does not hold.
 */
export function cosignedAt(note: string, witness: VerifierKey): number | null {
  const [text, lines] = splitNote(note)
  let newest: number | null = null
  for (const signature of signaturesOf(lines, witness)) {
    if (signature.length !== 72) throw new NoteError('cosignature_form', { name: witness.name })
    const at = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0))
    const message = utf8ToBytes(`cosignature/v1\ntime ${at}\n${text}`)
    if (!ed25519.verify(signature.slice(8), message, witness.publicKey)) {
      throw new NoteError('cosignature', { name: witness.name })
    }
    newest = Math.max(newest ?? 0, at)
  }
  return newest
}

/** Return what the lines of this key carry after its id. */
function signaturesOf(lines: string, key: VerifierKey): Uint8Array[] {
  return lines.split('\n').flatMap((line) => {
    const match = /^— (\S+) (\S+)$/.exec(line)
    if (!match || match[1] !== key.name) return []
    const blob = fromBase64(match[2] ?? '')
    return isEqual(blob.slice(0, 4), key.keyId) ? [blob.slice(4)] : []
  })
}
