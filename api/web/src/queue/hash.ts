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

/** A UUIDv7 (RFC 9562): sortable by time, made here, so that a record sent twice is one record. */
export function uuid7(now = Date.now()): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16))
  for (let at = 0; at < 6; at += 1) bytes[at] = Math.floor(now / 2 ** (8 * (5 - at))) % 256
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  const hex = bytesToHex(bytes)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** A random identifier; `crypto.randomUUID` too exists only in a secure context. */
export function randomId(): string {
  return bytesToHex(globalThis.crypto.getRandomValues(new Uint8Array(16)))
}
