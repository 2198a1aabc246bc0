/** Evidence: pictures named by their SHA-256, sent in parts so that a broken line costs a part, not the photo. */
import { CHANGE_HEADER } from './client'
import { OfflineError, problemOf } from './problem'

/** Bytes of one part: half a megabyte takes some seconds on a weak line. */
export const PART_BYTES = 512 * 1024

export interface Part {
  start: number
  /** Exclusive. */
  end: number
}

/** Where the next part lies, or null when everything was sent. */
export function nextPart(sent: number, size: number, partBytes = PART_BYTES): Part | null {
  return sent >= size ? null : { start: sent, end: Math.min(size, sent + partBytes) }
}

/** The Content-Range of a part: its last byte is inclusive there. */
export function contentRange(part: Part, size: number): string {
  return `bytes ${part.start}-${part.end - 1}/${size}`
}

function evidencePath(enterpriseId: string, sha256: string): string {
  return `/v1/enterprises/${enterpriseId}/evidence/${sha256}`
}

/** Address of the original bytes. */
export function originalUrl(enterpriseId: string, sha256: string): string {
  return evidencePath(enterpriseId, sha256)
}

/** Address of an upright JPEG of at most this width, which every browser can show. */
export function previewUrl(enterpriseId: string, sha256: string, width = 1280, blur: boolean | null = null): string {
  // Left out, the server shows heads or not by the person's role.
  const heads = blur === null ? '' : `&blur=${blur}`
  return `${evidencePath(enterpriseId, sha256)}/preview?width=${width}${heads}`
}

async function reach(input: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(input, { ...init, credentials: 'same-origin' })
  } catch (error) {
    throw new OfflineError(error)
  }
}

/** How many bytes of a picture the server already has; `complete` once it checked the hash. */
export async function uploadState(
  enterpriseId: string,
  sha256: string,
): Promise<{ received: number; complete: boolean }> {
  const response = await reach(evidencePath(enterpriseId, sha256), { method: 'HEAD' })
  if (response.status === 404) return { received: 0, complete: false }
  if (!response.ok) throw problemOf(response.status, null)
  const received = Number(response.headers.get('Upload-Offset') ?? 0)
  return { received, complete: response.status === 200 }
}

/** Send one part. Return what the server has now. */
export async function sendPart(
  enterpriseId: string,
  sha256: string,
  bytes: ArrayBuffer,
  part: Part,
): Promise<{ received: number; complete: boolean }> {
  const whole = part.start === 0 && part.end === bytes.byteLength
  const response = await reach(evidencePath(enterpriseId, sha256), {
    method: 'PUT',
    headers: {
      ...CHANGE_HEADER,
      'Content-Type': 'application/octet-stream',
      ...(whole ? {} : { 'Content-Range': contentRange(part, bytes.byteLength) }),
    },
    body: bytes.slice(part.start, part.end),
  })
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw problemOf(response.status, body)
  const receipt = body as { received: number; complete: boolean }
  return { received: receipt.received, complete: receipt.complete }
}
