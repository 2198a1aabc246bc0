/** The upload queue as the pages see it: what waits, and a sender that wakes when there is something to do. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

import { api, unwrap } from '@/api/client'
import { KEY_HEADER } from '@/api/keys'
import { sendPart, uploadState } from '@/api/evidence'
import { recordTransport } from '@/api/inspection-records'
import { spottedTransport } from '@/api/spotted'
import type { SpottedHazard } from '@/api/types'
import {
  type QueueDatabase, type Upload, type Visit, addUpload, openQueue, removeUpload,
} from '@/queue/database'
import { randomId, sha256Hex, uuid7 } from '@/queue/hash'
import { type RecordJob, runRecords } from '@/queue/records'
import { type SpottedJob, runSpotted } from '@/queue/spotted'
import { INSPECTION, type Transport, VISIT, inspectionOf, runQueue } from '@/queue/sender'

import { useSession } from './session'

const FIRST_RETRY_MS = 2_000
const LAST_RETRY_MS = 60_000

const transport: Transport = {
  uploadState,
  sendPart,
  async startInspection(visit) {
    const path = { enterprise_id: visit.enterpriseId }
    const body = { place: visit.place, note: visit.note }
    // Kept on the phone, so that a visit whose answer was lost begins once, also after a reload.
    const header = { [KEY_HEADER]: visit.id }
    const inspection = await unwrap(
      api.POST('/v1/enterprises/{enterprise_id}/inspections', { params: { path, header }, body }),
    )
    return inspection.id
  },
  async addPhoto(enterpriseId, inspectionId, upload) {
    const path = { enterprise_id: enterpriseId, inspection_id: inspectionId }
    const body = { evidence_sha256: upload.sha256, file_name: upload.fileName }
    const header = { [KEY_HEADER]: upload.id }
    await unwrap(
      api.POST('/v1/enterprises/{enterprise_id}/inspections/{inspection_id}/photos', {
        params: { path, header },
        body,
      }),
    )
  },
}

export const useQueue = defineStore('queue', () => {
  const session = useSession()
  const all = shallowRef<Upload[]>([])
  const visits = shallowRef<Visit[]>([])
  const allRecords = shallowRef<RecordJob[]>([])
  const allSpotted = shallowRef<SpottedJob[]>([])
  const isOffline = ref(false)
  let database: Promise<QueueDatabase> | null = null
  let running = false
  let again = false
  let retryMs = FIRST_RETRY_MS

  const open = (): Promise<QueueDatabase> => (database ??= openQueue())
  const userId = computed(() => session.me?.id ?? '')
  const uploads = computed(() => all.value.filter((upload) => upload.userId === userId.value))
  const waiting = computed(() => uploads.value.filter(({ state }) => state === 'waiting'))
  const records = computed(() => allRecords.value.filter((job) => job.userId === userId.value))
  const spotted = computed(() => allSpotted.value.filter((job) => job.userId === userId.value))
  const myVisits = computed(() => visits.value.filter((visit) => visit.userId === userId.value))

  async function refresh(): Promise<void> {
    const db = await open()
    all.value = (await db.getAll('uploads')).sort((a, b) => a.addedAt - b.addedAt)
    visits.value = (await db.getAll('visits')).sort((a, b) => b.startedAt - a.startedAt)
    allRecords.value = await db.getAll('records')
    allSpotted.value = (await db.getAll('spotted')).sort((a, b) => a.addedAt - b.addedAt)
  }

  const inGroup = (group: string): Upload[] =>
    uploads.value.filter((upload) => upload.group === group)

  /** Begin a visit on this device; the server learns of it with its first photo or at once when reached. */
  async function startVisit(enterpriseId: string, place: string, note: string): Promise<Visit> {
    const visit: Visit = {
      id: randomId(), userId: userId.value, enterpriseId, place, note,
      inspectionId: null, startedAt: Date.now(),
    }
    await (await open()).put('visits', visit)
    await refresh()
    return visit
  }

  /** Pictures on their way to an inspection of the server, those of the visit it began as included. */
  function ofInspection(inspectionId: string): Upload[] {
    const groups = myVisits.value
      .filter((visit) => visit.inspectionId === inspectionId)
      .map((visit) => VISIT + visit.id)
    groups.push(INSPECTION + inspectionId)
    return uploads.value.filter(({ group }) => groups.includes(group))
  }

  /** Keep a picture on this device and let it be sent. The same picture twice in a group is kept once. */
  async function add(file: File, group: string, enterpriseId: string): Promise<void> {
    const bytes = await file.arrayBuffer()
    const sha256 = await sha256Hex(bytes)
    if (inGroup(group).some((upload) => upload.sha256 === sha256)) return
    const upload: Upload = {
      id: randomId(), userId: userId.value, enterpriseId, group, fileName: file.name.slice(-200),
      size: bytes.byteLength, sha256, sent: 0, state: 'waiting', problem: null, addedAt: Date.now(),
    }
    await addUpload(await open(), upload, bytes)
    await refresh()
    void run()
  }

  async function remove(id: string): Promise<void> {
    await removeUpload(await open(), id)
    await refresh()
  }

  async function retry(upload: Upload): Promise<void> {
    await (await open()).put('uploads', { ...upload, sent: 0, state: 'waiting', problem: null })
    await refresh()
    void run()
  }

  /** Forget the pictures of a group, once what they were for is done. */
  async function clear(group: string): Promise<void> {
    for (const { id } of inGroup(group)) await removeUpload(await open(), id)
    await refresh()
  }

  async function run(): Promise<void> {
    again = true
    if (running || !userId.value) return
    running = true
    try {
      while (again) {
        again = false
        const end = await sendAll()
        isOffline.value = end === 'offline'
        if (end === 'signed_out') session.expire()
        if (end === 'offline') {
          setTimeout(() => void run(), retryMs)
          retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)
        } else retryMs = FIRST_RETRY_MS
      }
    } finally {
      running = false
      await refresh()
    }
  }

  async function sendAll(): ReturnType<typeof runQueue> {
    const db = await open()
    const changed = (): void => void refresh()
    const end = await runQueue(db, transport, userId.value, changed)
    if (end !== 'empty') return end
    // A record's pictures come first; so its inspection does, where it began without signal.
    const find = (group: string, name: string): Promise<string | null> => inspectionOf(db, transport, group, name)
    const marked = await runSpotted(db, spottedTransport, userId.value, find, changed)
    if (marked !== 'empty') return marked
    return runRecords(db, recordTransport, userId.value, find, changed)
  }

  /** The bytes of a picture that was not sent yet. */
  async function bytesOf(uploadId: string): Promise<ArrayBuffer | undefined> {
    return (await open()).get('bytes', uploadId)
  }

  /** Keep a hazard that a person marked on a photo, and let it be sent once the photo is. */
  async function spot(enterpriseId: string, group: string, fileName: string, hazard: Omit<SpottedHazard, 'id' | 'spotted_at'>): Promise<void> {
    const id = uuid7()
    const job: SpottedJob = {
      id, userId: userId.value, enterpriseId, group, fileName, state: 'waiting', problem: null, addedAt: Date.now(),
      hazard: { ...hazard, id, spotted_at: new Date().toISOString() },
    }
    // A reactive object cannot be stored.
    await (await open()).put('spotted', JSON.parse(JSON.stringify(job)) as SpottedJob)
    await refresh()
    void run()
  }

  async function retrySpotted(job: SpottedJob): Promise<void> {
    await (await open()).put('spotted', { ...job, state: 'waiting', problem: null })
    await refresh()
    void run()
  }

  async function removeSpotted(id: string): Promise<void> {
    await (await open()).delete('spotted', id)
    await refresh()
  }

  /** Keep an inspection record on this device, whatever state it is in. */
  async function putRecord(job: RecordJob): Promise<void> {
    // A reactive object cannot be stored.
    await (await open()).put('records', JSON.parse(JSON.stringify(job)) as RecordJob)
    await refresh()
  }

  async function removeRecord(id: string): Promise<void> {
    await (await open()).delete('records', id)
    await refresh()
  }

  /** Wake the sender with the app, and whenever the line comes back. */
  async function start(): Promise<void> {
    addEventListener('online', () => void run())
    await refresh()
    await forgetFinishedVisits()
    void run()
  }

  async function forgetFinishedVisits(): Promise<void> {
    const db = await open()
    const busy = new Set([...all.value, ...allRecords.value, ...allSpotted.value].map(({ group }) => group))
    for (const visit of visits.value) {
      if (visit.inspectionId && !busy.has(VISIT + visit.id)) await db.delete('visits', visit.id)
    }
    await refresh()
  }

  return {
    uploads, waiting, visits: myVisits, isOffline, inGroup, ofInspection, startVisit,
    records, spotted, bytesOf, spot, retrySpotted, removeSpotted, add, remove, retry, clear, run, start, refresh, putRecord, removeRecord,
  }
})
