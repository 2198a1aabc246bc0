/**
 * Signed checkpoints: C2SP signed-note and tlog-checkpoint, and the verifier's key in the vkey form.
 *
 * A note is text, an empty line, then signature lines `— name base64(key id || signature)`.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'

const ED25519 = 1

export class NoteError extends Error {}

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

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    throw new NoteError('not base64')
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** Read `name+8 hex digits+base64(type || public key)`; the key id is checked against the key. */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^(.+?)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim())
  if (!match) throw new NoteError('not a verifier key')
  const [, name = '', id = '', encoded = ''] = match
  const key = fromBase64(encoded)
  if (key[0] !== ED25519 || key.length !== 33) throw new NoteError('not an Ed25519 key')
  const keyId = sha256(concatBytes(utf8ToBytes(`${name}\n`), key)).slice(0, 4)
  const said = Uint8Array.from(id.match(/../g) ?? [], (pair) => parseInt(pair, 16))
  if (!isEqual(keyId, said)) throw new NoteError('the key id is not that of the key')
  return { name, keyId, publicKey: key.slice(1) }
}

/** Return the checkpoint of a note that this key has signed; throw otherwise. */
export function openCheckpoint(note: string, key: VerifierKey): Checkpoint {
  const split = note.lastIndexOf('\n\n')
  if (split < 0) throw new NoteError('the note has no signatures')
  const text = note.slice(0, split + 1)
  if (!isSignedBy(note.slice(split + 2), utf8ToBytes(text), key)) {
    throw new NoteError('the note is not signed by the ledger’s key')
  }
  const [origin = '', size = '', root = ''] = text.split('\n')
  if (!/^(0|[1-9]\d*)$/.test(size)) throw new NoteError('the checkpoint has no size')
  return { origin, size: Number(size), root: fromBase64(root) }
}

function isSignedBy(lines: string, text: Uint8Array, key: VerifierKey): boolean {
  return lines.split('\n').some((line) => {
    const match = /^— (\S+) (\S+)$/.exec(line)
    if (!match || match[1] !== key.name) return false
    const signature = fromBase64(match[2] ?? '')
    if (signature.length !== 68 || !isEqual(signature.slice(0, 4), key.keyId)) return false
    return ed25519.verify(signature.slice(4), text, key.publicKey)
  })
}
