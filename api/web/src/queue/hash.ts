import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/**
 * SHA-256 of bytes, 64 lower-case hexadecimal digits.
 *
 * The browser's own digest exists only in a secure context; a phone that reaches the server by plain HTTP in
 * the plant's network has none, so the same is then computed in script.
 */
export async function sha256Hex(bytes: ArrayBuffer): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined
  if (subtle) return bytesToHex(new Uint8Array(await subtle.digest('SHA-256', bytes)))
  return bytesToHex(sha256(new Uint8Array(bytes)))
}

/** A random identifier; `crypto.randomUUID` too exists only in a secure context. */
export function randomId(): string {
  return bytesToHex(globalThis.crypto.getRandomValues(new Uint8Array(16)))
}
