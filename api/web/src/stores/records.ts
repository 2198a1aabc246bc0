/** Inspection records being written on this phone. The upload queue sends them. */
import { defineStore } from 'pinia'
import { computed } from 'vue'

import type { DrawnSignature, RecordAnswer, RecordContent } from '@/api/types'
import { canonicalBytes } from '@/queue/canonical'
import { sha256Hex, uuid7 } from '@/queue/hash'
import { type RecordJob, groupOf } from '@/queue/records'

import { useQueue } from './queue'
import { useSession } from './session'

/** Whose signature a picture is, when it was drawn. */
export interface Drawn {
  name: string
  position: string
  picture: File
}

export const useRecords = defineStore('records', () => {
  const queue = useQueue()
  const session = useSession()
  const jobs = computed(() => queue.records)
  const ofGroups = (groups: readonly string[]): RecordJob | undefined => jobs.value.find(({ group }) => groups.includes(group))
  const byId = (id: string): RecordJob | undefined => jobs.value.find((job) => job.id === id)

  /** Begin a record of an inspection; `earlier` is the version that it corrects. */
  async function begin(enterpriseId: string, group: string, content: RecordContent, earlier: string | null = null): Promise<RecordJob> {
    const job: RecordJob = {
      id: uuid7(), userId: session.me?.id ?? '', enterpriseId, group, content, contentSha256: '', supersedes: earlier, reason: '',
      inspector: null, answer: null, isSubmitted: false, state: 'draft', problem: null, addedAt: Date.now(),
    }
    await queue.putRecord(job)
    return job
  }

  async function keepDraft(job: RecordJob, content: RecordContent, reason: string): Promise<void> {
    await queue.putRecord({ ...job, content, reason })
  }

  /** Keep a signature's picture with the pictures that wait to be sent. */
  async function keepPicture(job: RecordJob, drawn: Drawn): Promise<DrawnSignature> {
    const picture_sha256 = await sha256Hex(await drawn.picture.arrayBuffer())
    await queue.add(drawn.picture, groupOf(job.id), job.enterpriseId)
    return { name: drawn.name, position: drawn.position, picture_sha256, signed_at: new Date().toISOString() }
  }

  /** Freeze what is shown: from here on nothing of it changes. */
  async function freeze(job: RecordJob, drawn: Drawn): Promise<void> {
    const inspector = await keepPicture(job, drawn)
    await queue.putRecord({ ...job, inspector, state: 'signed' })
  }

  /** Hash what will be signed, so that it can be shown beside the signature. */
  async function seal(job: RecordJob, content: RecordContent, reason: string): Promise<void> {
    const sealed = { ...content, ended_at: new Date().toISOString() }
    const contentSha256 = await sha256Hex(canonicalBytes(sealed))
    await queue.putRecord({ ...job, content: sealed, contentSha256, reason })
  }

  async function sign(job: RecordJob, drawn: Drawn): Promise<void> {
    const signature = await keepPicture(job, drawn)
    await send(job, { kind: 'signed', content_sha256: job.contentSha256, signature })
  }

  async function refuse(job: RecordJob, said: { name: string; position: string; reason: string }, witness: Drawn | null): Promise<void> {
    const seen = witness ? await keepPicture(job, witness) : null
    const refused_at = new Date().toISOString()
    await send(job, { kind: 'refused', content_sha256: job.contentSha256, ...said, refused_at, witness: seen })
  }

  /** Send it, with the enterprise's answer or without: then the enterprise answers on its own account. */
  async function send(job: RecordJob, answer: RecordAnswer | null): Promise<void> {
    await queue.putRecord({ ...job, answer, state: 'waiting', problem: null })
    void queue.run()
  }

  /** Take up a record that the server has, to answer it here. */
  function received(enterpriseId: string, id: string, content: RecordContent, contentSha256: string): RecordJob {
    return {
      id, userId: session.me?.id ?? '', enterpriseId, group: '', content, contentSha256,
      supersedes: null, reason: '', inspector: null, answer: null, isSubmitted: true, state: 'signed', problem: null, addedAt: Date.now(),
    }
  }

  /** Go back to a draft after the server refused it; what was signed is signed anew, under a new id. */
  async function reopen(job: RecordJob): Promise<void> {
    await discard(job)
    await queue.putRecord({
      ...job, id: uuid7(), contentSha256: '', inspector: null, answer: null, isSubmitted: false, state: 'draft', problem: null,
    })
  }

  async function discard(job: RecordJob): Promise<void> {
    await queue.clear(groupOf(job.id))
    await queue.removeRecord(job.id)
  }

  return { jobs, ofGroups, byId, begin, keepDraft, seal, freeze, sign, refuse, send, received, reopen, discard }
})
