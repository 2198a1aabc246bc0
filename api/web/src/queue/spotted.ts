/**
 * Hazards that a person marked on a picture and no model reported: kept on this phone, sent after their photo has arrived;
 * those on the picture of a finding at once, as the server has it.
 *
 * A mark may be sent twice: its id was made here. A photo that was refused, or thrown away before it was sent, refuses its marks.
 */
import { ProblemError, isTransient } from '@/api/problem'
import type { SpottedHazard } from '@/api/types'

import type { QueueDatabase } from './database'
import type { FindInspection } from './records'
import { FINDING } from './sender'

export interface SpottedJob {
  /** The finding's id on the server too. */
  id: string
  userId: string
  enterpriseId: string
  /** `visit:<local id>`, `inspection:<id>`, or `finding:<id>` whose picture it is on. */
  group: string
  fileName: string
  hazard: SpottedHazard
  state: 'waiting' | 'refused'
  problem: { code: string; detail: string } | null
  addedAt: number
}

export interface SpottedTransport {
  recordSpotted(job: SpottedJob, inspectionId: string): Promise<void>
  recordBeside(job: SpottedJob, findingId: string): Promise<void>
}

/** Send the marks whose photos have arrived, oldest first; a refused one stops no other. */
export async function runSpotted(
  database: QueueDatabase,
  transport: SpottedTransport,
  userId: string,
  inspectionOf: FindInspection,
  changed: () => void = () => undefined,
): Promise<'empty' | 'offline' | 'signed_out'> {
  const jobs = (await database.getAll('spotted'))
    .filter((job) => job.state === 'waiting' && job.userId === userId)
    .sort((a, b) => a.addedAt - b.addedAt)
  for (const job of jobs) {
    const photo = (await database.getAllFromIndex('uploads', 'group', job.group)).find(
      ({ sha256 }) => sha256 === job.hazard.evidence_sha256,
    )
    if (photo?.state === 'waiting') continue
    try {
      if (photo?.problem) throw new ProblemError({ status: 0, ...photo.problem })
      await send(transport, job, inspectionOf)
      await database.delete('spotted', job.id)
    } catch (error) {
      if (isTransient(error)) return 'offline'
      if (!(error instanceof ProblemError)) throw error
      if (error.status === 401) return 'signed_out'
      await database.put('spotted', { ...job, state: 'refused', problem: { code: error.code, detail: error.detail } })
    } finally {
      changed()
    }
  }
  return 'empty'
}

async function send(transport: SpottedTransport, job: SpottedJob, inspectionOf: FindInspection): Promise<void> {
  if (job.group.startsWith(FINDING)) {
    await transport.recordBeside(job, job.group.slice(FINDING.length))
    return
  }
  const inspectionId = await inspectionOf(job.group, job.fileName)
  if (!inspectionId) throw new ProblemError({ status: 0, code: 'visit_lost', detail: job.group })
  await transport.recordSpotted(job, inspectionId)
}
