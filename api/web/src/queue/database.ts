/** What waits on this phone, in IndexedDB: a reload or a dead battery loses nothing. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'

import type { RecordJob } from './records'
import type { SpottedJob } from './spotted'

/**
 * `waiting` is sent as soon as it can be; `sent` is safe on the server; `refused` needs a person, because
 * sending the same bytes again does not help.
 */
export type UploadState = 'waiting' | 'sent' | 'refused'

/** A picture on its way. Its bytes lie apart, so that listing the queue does not load them. */
export interface Upload {
  id: string
  /** Who took it: another person on the same phone neither sees nor sends it. */
  userId: string
  enterpriseId: string
  /** `visit:<local id>`, `inspection:<id>`, `ticket:<id>`, `record:<id>:<field>` or `signature:<record id>`. */
  group: string
  fileName: string
  size: number
  sha256: string
  sent: number
  state: UploadState
  /** Code and sentence of the refusal. */
  problem: { code: string; detail: string } | null
  addedAt: number
}

/** A visit begun on this phone; `inspectionId` is null until the server was reached. */
export interface Visit {
  id: string
  userId: string
  enterpriseId: string
  place: string
  note: string
  inspectionId: string | null
  startedAt: number
}

interface QueueSchema extends DBSchema {
  uploads: { key: string; value: Upload; indexes: { group: string } }
  bytes: { key: string; value: ArrayBuffer }
  visits: { key: string; value: Visit }
  records: { key: string; value: RecordJob }
  spotted: { key: string; value: SpottedJob }
}

export type QueueDatabase = IDBPDatabase<QueueSchema>

export function openQueue(name = 'anxun-queue'): Promise<QueueDatabase> {
  return openDB<QueueSchema>(name, 3, {
    upgrade(database, before) {
      if (before < 1) {
        database.createObjectStore('uploads', { keyPath: 'id' }).createIndex('group', 'group')
        database.createObjectStore('bytes')
        database.createObjectStore('visits', { keyPath: 'id' })
      }
      if (before < 2) database.createObjectStore('records', { keyPath: 'id' })
      database.createObjectStore('spotted', { keyPath: 'id' })
    },
  })
}

/** Keep a picture and its bytes, both or neither. */
export async function addUpload(
  database: QueueDatabase,
  upload: Upload,
  bytes: ArrayBuffer,
): Promise<void> {
  const change = database.transaction(['uploads', 'bytes'], 'readwrite', { durability: 'strict' })
  await Promise.all([
    change.objectStore('uploads').put(upload),
    change.objectStore('bytes').put(bytes, upload.id),
    change.done,
  ])
}

/** Forget a picture and its bytes. */
export async function removeUpload(database: QueueDatabase, id: string): Promise<void> {
  const change = database.transaction(['uploads', 'bytes'], 'readwrite')
  await Promise.all([
    change.objectStore('uploads').delete(id),
    change.objectStore('bytes').delete(id),
    change.done,
  ])
}
