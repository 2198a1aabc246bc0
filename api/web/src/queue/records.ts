/**
 * Inspection records on this phone: drafted, signed by both sides without signal, sent when the line is back.
 *
 *   1 the signatures' pictures go as every picture does
 *   2 the inspection is begun on the server, where it began without signal
 *   3 the record with the inspector's signature
 *   4 the enterprise's signature or refusal, where it was given on this phone
 *
 * Every step may be sent twice: the record's id was made here.
 */
import { ProblemError, isTransient } from '@/api/problem'
import type { DrawnSignature, RecordAnswer, RecordContent } from '@/api/types'

import { type QueueDatabase, type Upload, removeUpload } from './database'

/**
 * `draft` can be changed; `signed` by the inspector can not; `waiting` is sent as soon as it can be; `refused` by the server
 * needs a person.
 */
export type RecordJobState = 'draft' | 'signed' | 'waiting' | 'refused'

export interface RecordJob {
  /** The record's id on the server too. */
  id: string
  userId: string
  enterpriseId: string
  /** `visit:<local id>` or `inspection:<id>`. */
  group: string
  content: RecordContent
  contentSha256: string
  supersedes: string | null
  reason: string
  inspector: DrawnSignature | null
  answer: RecordAnswer | null
  /** The server has the record and its inspector's signature. */
  isSubmitted: boolean
  state: RecordJobState
  problem: { code: string; detail: string } | null
  addedAt: number
}

export interface RecordTransport {
  submitRecord(job: RecordJob, inspectionId: string): Promise<void>
  answerRecord(job: RecordJob, answer: RecordAnswer): Promise<void>
}

/** How the inspection of a group is called on the server; begun there where it has to be. */
export type FindInspection = (group: string, name: string) => Promise<string | null>

export const SIGNATURE = 'signature:'
export const groupOf = (jobId: string): string => SIGNATURE + jobId

/** Send the records whose pictures have arrived, oldest first. */
export async function runRecords(
  database: QueueDatabase,
  transport: RecordTransport,
  userId: string,
  inspectionOf: FindInspection,
  changed: () => void = () => undefined,
): Promise<'empty' | 'offline' | 'signed_out'> {
  const jobs = (await database.getAll('records'))
    .filter((job) => job.state === 'waiting' && job.userId === userId)
    .sort((a, b) => a.addedAt - b.addedAt)
  for (const job of jobs) {
    const pictures = await database.getAllFromIndex('uploads', 'group', groupOf(job.id))
    if (pictures.some(({ state }) => state === 'waiting')) continue
    try {
      refuseIfPictureWas(pictures)
      await send(database, transport, job, inspectionOf)
      for (const { id } of pictures) await removeUpload(database, id)
      await database.delete('records', job.id)
    } catch (error) {
      if (isTransient(error)) return 'offline'
      if (!(error instanceof ProblemError)) throw error
      if (error.status === 401) return 'signed_out'
      await database.put('records', { ...job, state: 'refused', problem: { code: error.code, detail: error.detail } })
    } finally {
      changed()
    }
  }
  return 'empty'
}

function refuseIfPictureWas(pictures: Upload[]): void {
  const problem = pictures.find(({ state }) => state === 'refused')?.problem
  if (problem) throw new ProblemError({ status: 0, ...problem })
}

async function send(
  database: QueueDatabase,
  transport: RecordTransport,
  job: RecordJob,
  inspectionOf: FindInspection,
): Promise<void> {
  if (!job.isSubmitted) {
    const inspectionId = await inspectionOf(job.group, job.content.place)
    if (!inspectionId) throw new ProblemError({ status: 0, code: 'visit_lost', detail: job.group })
    await transport.submitRecord(job, inspectionId)
    job.isSubmitted = true
    await database.put('records', job)
  }
  if (job.answer) await transport.answerRecord(job, job.answer)
}
