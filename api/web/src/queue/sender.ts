/**
 * Sends what waits, oldest first. Pure of the user interface and of the transport, so that it can be tested
 * with a line that breaks at every place.
 *
 *   1 ask what the server already has
 *   2 send the missing parts, noting each on the phone
 *   3 join the photo to its visit (creating the visit on the server first, where it began without signal)
 *   4 mark it sent and drop the bytes
 */
import { type Part, nextPart } from '@/api/evidence'
import { ProblemError, isTransient } from '@/api/problem'

import { type QueueDatabase, type Upload, type Visit, removeUpload } from './database'
import { SIGNATURE } from './records'

export interface Progress {
  received: number
  complete: boolean
}

/** What the sender needs of the API. */
export interface Transport {
  uploadState(enterpriseId: string, sha256: string): Promise<Progress>
  sendPart(enterpriseId: string, sha256: string, bytes: ArrayBuffer, part: Part): Promise<Progress>
  startInspection(visit: Visit): Promise<string>
  addPhoto(enterpriseId: string, inspectionId: string, upload: Upload): Promise<void>
}

/** How a run of the queue ended. */
export type RunEnd = 'empty' | 'offline' | 'signed_out'

export const VISIT = 'visit:'
export const INSPECTION = 'inspection:'
export const FINDING = 'finding:'
export const TICKET = 'ticket:'
export const RECORD = 'record:'

// Named by their hash in what follows; a visit's photos join it at once.
const NAMED_LATER = [TICKET, RECORD, SIGNATURE]

/** The next picture of this person that can be sent. */
async function nextWaiting(database: QueueDatabase, userId: string): Promise<Upload | undefined> {
  const uploads = await database.getAll('uploads')
  return uploads
    .filter((upload) => upload.state === 'waiting' && upload.userId === userId)
    .sort((a, b) => a.addedAt - b.addedAt)[0]
}

async function sendBytes(
  database: QueueDatabase,
  transport: Transport,
  upload: Upload,
  changed: () => void,
): Promise<void> {
  const { enterpriseId, sha256, size } = upload
  let progress = await transport.uploadState(enterpriseId, sha256)
  if (progress.complete) return
  const bytes = await database.get('bytes', upload.id)
  if (!bytes) throw new ProblemError({ status: 0, code: 'bytes_lost', detail: upload.fileName })
  while (!progress.complete) {
    // An empty file has no part to send; one request lets the server say so in its own words.
    const part = nextPart(progress.received, size) ?? { start: 0, end: size }
    progress = await transport.sendPart(enterpriseId, sha256, bytes, part)
    if (!progress.complete && progress.received <= part.start) {
      throw new ProblemError({ status: 0, code: 'no_progress', detail: upload.fileName })
    }
    upload.sent = progress.received
    await database.put('uploads', upload)
    changed()
  }
}

/** The inspection of a group on the server, begun there where the visit began without signal; null where it has none. */
export async function inspectionOf(
  database: QueueDatabase,
  transport: Pick<Transport, 'startInspection'>,
  group: string,
  name: string,
): Promise<string | null> {
  if (group.startsWith(INSPECTION)) return group.slice(INSPECTION.length)
  if (!group.startsWith(VISIT)) return null
  const visit = await database.get('visits', group.slice(VISIT.length))
  if (!visit) throw new ProblemError({ status: 0, code: 'visit_lost', detail: name })
  if (!visit.inspectionId) {
    visit.inspectionId = await transport.startInspection(visit)
    await database.put('visits', visit)
  }
  return visit.inspectionId
}

async function finish(database: QueueDatabase, upload: Upload): Promise<void> {
  if (!NAMED_LATER.some((prefix) => upload.group.startsWith(prefix))) {
    await removeUpload(database, upload.id)
    return
  }
  // It is named by its hash in the submission that follows; only its bytes may go.
  await database.put('uploads', { ...upload, sent: upload.size, state: 'sent', problem: null })
  await database.delete('bytes', upload.id)
}

/** Send until nothing waits or the line is lost. A refused picture stops no other. */
export async function runQueue(
  database: QueueDatabase,
  transport: Transport,
  userId: string,
  changed: () => void = () => undefined,
): Promise<RunEnd> {
  for (;;) {
    const upload = await nextWaiting(database, userId)
    if (!upload) return 'empty'
    try {
      await sendBytes(database, transport, upload, changed)
      const inspectionId = await inspectionOf(database, transport, upload.group, upload.fileName)
      if (inspectionId) await transport.addPhoto(upload.enterpriseId, inspectionId, upload)
      await finish(database, upload)
    } catch (error) {
      if (isTransient(error)) return 'offline'
      if (!(error instanceof ProblemError)) throw error
      if (error.status === 401) return 'signed_out'
      const problem = { code: error.code, detail: error.detail }
      await database.put('uploads', { ...upload, sent: 0, state: 'refused', problem })
    } finally {
      changed()
    }
  }
}
