import 'fake-indexeddb/auto'

import { beforeEach, describe, expect, it } from 'vitest'

import type { Part } from '@/api/evidence'
import { OfflineError, ProblemError } from '@/api/problem'
import { type QueueDatabase, type Upload, type Visit, addUpload, openQueue } from '@/queue/database'
import { type Progress, type Transport, VISIT, runQueue } from '@/queue/sender'

/** A server that keeps what it was sent, on a line that breaks at the calls named. */
class Line implements Transport {
  received = new Map<string, number>()
  inspections = 0
  photos: string[] = []
  calls = 0
  size = 3_000_000
  constructor(private readonly breaksAt: ReadonlySet<number> = new Set(), private readonly refused = '') {}

  private call(): void {
    this.calls += 1
    if (this.breaksAt.has(this.calls)) throw new OfflineError(new TypeError('no line'))
  }

  private state(sha256: string): Progress {
    const received = this.received.get(sha256) ?? 0
    return { received, complete: received >= this.size }
  }

  async uploadState(_enterprise: string, sha256: string): Promise<Progress> {
    this.call()
    return this.state(sha256)
  }

  async sendPart(_enterprise: string, sha256: string, _bytes: ArrayBuffer, part: Part): Promise<Progress> {
    this.call()
    if (sha256 === this.refused) throw new ProblemError({ status: 422, code: 'evidence_type_refused', detail: '' })
    expect(part.start).toBe(this.received.get(sha256) ?? 0)
    this.received.set(sha256, part.end)
    return this.state(sha256)
  }

  async startInspection(): Promise<string> {
    this.call()
    this.inspections += 1
    return `inspection-${this.inspections}`
  }

  async addPhoto(_enterprise: string, inspectionId: string, upload: Upload): Promise<void> {
    this.call()
    this.photos.push(`${inspectionId}/${upload.sha256}`)
  }
}

let database: QueueDatabase
let turn = 0

async function put(sha256: string): Promise<void> {
  const bytes = new ArrayBuffer(3_000_000)
  const upload = {
    id: sha256, userId: 'me', enterpriseId: 'e', group: `${VISIT}v`, sha256, fileName: 'a.jpg', size: 3_000_000,
    sent: 0, state: 'waiting', problem: null, addedAt: ++turn, mediaType: 'image/jpeg',
  } as unknown as Upload
  await addUpload(database, upload, bytes)
}

beforeEach(async () => {
  database = await openQueue(`queue-${++turn}`)
  const visit = { id: 'v', userId: 'me', enterpriseId: 'e', place: 'p', note: '', startedAt: 1, inspectionId: null }
  await database.put('visits', visit as unknown as Visit)
  await put('a')
  await put('b')
})

describe('the upload queue', () => {
  it('sends everything and starts one inspection', async () => {
    const line = new Line()
    expect(await runQueue(database, line, 'me')).toBe('empty')
    expect(line.photos).toEqual(['inspection-1/a', 'inspection-1/b'])
    expect(await database.count('uploads')).toBe(0)
    expect(await database.count('bytes')).toBe(0)
  })

  it('loses nothing wherever the line breaks, and goes on where it stopped', async () => {
    const whole = new Line()
    await runQueue(database, whole, 'me')
    for (let broken = 1; broken <= whole.calls; broken++) {
      database = await openQueue(`broken-${broken}-${++turn}`)
      await database.put('visits', { id: 'v', userId: 'me', enterpriseId: 'e', place: 'p', note: '', startedAt: 1, inspectionId: null } as unknown as Visit)
      await put('a')
      await put('b')
      const line = new Line(new Set([broken]))
      expect(await runQueue(database, line, 'me')).toBe('offline')
      expect(await runQueue(database, line, 'me')).toBe('empty')
      expect(line.photos).toEqual(['inspection-1/a', 'inspection-1/b'])
    }
  })

  it('keeps a refused picture with its reason and sends the others', async () => {
    const line = new Line(new Set(), 'a')
    expect(await runQueue(database, line, 'me')).toBe('empty')
    expect(line.photos).toEqual(['inspection-1/b'])
    const kept = await database.get('uploads', 'a')
    expect(kept?.state).toBe('refused')
    expect(kept?.problem?.code).toBe('evidence_type_refused')
  })

  it('leaves another person’s pictures alone', async () => {
    const line = new Line()
    expect(await runQueue(database, line, 'somebody else')).toBe('empty')
    expect(line.photos).toEqual([])
    expect(await database.count('uploads')).toBe(2)
  })
})
