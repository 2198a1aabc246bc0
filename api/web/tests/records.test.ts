import 'fake-indexeddb/auto'

import { readFileSync } from 'node:fs'

import { beforeEach, describe, expect, it } from 'vitest'

import { OfflineError, ProblemError } from '@/api/problem'
import type { RecordAnswer } from '@/api/types'
import { canonicalBytes, canonicalJson } from '@/queue/canonical'
import { type QueueDatabase, type Upload, type Visit, addUpload, openQueue } from '@/queue/database'
import { sha256Hex } from '@/queue/hash'
import { type RecordJob, type RecordTransport, groupOf, runRecords } from '@/queue/records'
import { inspectionOf } from '@/queue/sender'

/** A server that takes every step twice, on a line that breaks at the calls named. */
class Line implements RecordTransport {
  calls = 0
  inspections = 0
  submitted = new Set<string>()
  answered = new Set<string>()
  constructor(private readonly breaksAt: ReadonlySet<number> = new Set(), private readonly refuses = '') {}

  private call(): void {
    this.calls += 1
    if (this.breaksAt.has(this.calls)) throw new OfflineError(new TypeError('no line'))
  }

  async startInspection(): Promise<string> {
    this.call()
    this.inspections += 1
    return `inspection-${this.inspections}`
  }

  async submitRecord(job: RecordJob, inspectionId: string): Promise<void> {
    this.call()
    if (this.refuses) throw new ProblemError({ status: 422, code: this.refuses, detail: '' })
    expect(inspectionId).toBe('inspection-1')
    this.submitted.add(job.id)
  }

  async answerRecord(job: RecordJob, answer: RecordAnswer): Promise<void> {
    this.call()
    expect(this.submitted.has(job.id)).toBe(true)
    this.answered.add(`${job.id}/${answer.kind}`)
  }
}

let database: QueueDatabase
let turn = 0

const run = (line: Line): Promise<string> =>
  runRecords(database, line, 'me', (group, name) => inspectionOf(database, line, group, name))

async function picture(state: Upload['state'], problem: Upload['problem'] = null): Promise<void> {
  const upload = { id: 'p', userId: 'me', enterpriseId: 'e', group: groupOf('r'), sha256: 'ab', fileName: 's.png', size: 1, sent: 0, state, problem, addedAt: 1 }
  await addUpload(database, upload, new ArrayBuffer(1))
}

beforeEach(async () => {
  database = await openQueue(`records-${++turn}`)
  const visit = { id: 'v', userId: 'me', enterpriseId: 'e', place: 'p', note: '', startedAt: 1, inspectionId: null }
  await database.put('visits', visit as Visit)
  const job = { id: 'r', userId: 'me', enterpriseId: 'e', group: 'visit:v', content: { place: 'p' }, answer: { kind: 'refused' }, isSubmitted: false, state: 'waiting', problem: null, addedAt: 1 }
  await database.put('records', job as unknown as RecordJob)
})

describe('the canonical bytes of a record', () => {
  it('are those of the server', async () => {
    const vector = JSON.parse(readFileSync('../../tests/assets/inspection_record.json', 'utf-8')) as { content: object; sha256: string }
    expect(await sha256Hex(canonicalBytes(vector.content))).toBe(vector.sha256)
    const turned = Object.fromEntries(Object.entries(vector.content).reverse())
    expect(canonicalJson(turned)).toBe(canonicalJson(vector.content))
  })
})

describe('records that wait', () => {
  it('are sent whole after their pictures, and then forgotten', async () => {
    await picture('sent')
    const line = new Line()
    expect(await run(line)).toBe('empty')
    expect([...line.answered]).toEqual(['r/refused'])
    expect(await database.count('records')).toBe(0)
    expect(await database.count('uploads')).toBe(0)
  })

  it('wait for their pictures', async () => {
    await picture('waiting')
    const line = new Line()
    expect(await run(line)).toBe('empty')
    expect(line.calls).toBe(0)
    expect(await database.count('records')).toBe(1)
  })

  it('survive a line that breaks at every place, as one inspection and one record', async () => {
    const line = new Line(new Set([1, 3, 5]))
    for (let tries = 0; tries < 3; tries += 1) expect(await run(line)).toBe('offline')
    expect(await run(line)).toBe('empty')
    expect(line.inspections).toBe(1)
    expect([...line.submitted]).toEqual(['r'])
    expect(await database.count('records')).toBe(0)
  })

  it('say why they were refused, and stay', async () => {
    expect(await run(new Line(new Set(), 'record_not_as_shown'))).toBe('empty')
    const job = await database.get('records', 'r')
    expect(job?.state).toBe('refused')
    expect(job?.problem?.code).toBe('record_not_as_shown')
  })

  it('are refused with their picture', async () => {
    await picture('refused', { code: 'evidence_too_large', detail: '' })
    await run(new Line())
    expect((await database.get('records', 'r'))?.problem?.code).toBe('evidence_too_large')
  })

  it('of another person are left alone', async () => {
    const line = new Line()
    expect(await runRecords(database, line, 'somebody else', async () => null)).toBe('empty')
    expect(line.calls).toBe(0)
  })
})
