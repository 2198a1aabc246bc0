import 'fake-indexeddb/auto'

import { beforeEach, describe, expect, it } from 'vitest'

import { OfflineError, ProblemError } from '@/api/problem'
import { type QueueDatabase, type Upload, type Visit, addUpload, openQueue } from '@/queue/database'
import { inspectionOf } from '@/queue/sender'
import { type SpottedJob, type SpottedTransport, runSpotted } from '@/queue/spotted'

/** A server on a line that breaks at the calls named; `late` breaks after the server did it. */
class Line implements SpottedTransport {
  calls = 0
  inspections = 0
  recorded: string[] = []
  constructor(private readonly breaksAt: ReadonlySet<number> = new Set(), private readonly refuses: ReadonlySet<string> = new Set(), private readonly late = false) {}

  private call(done: () => void): void {
    this.calls += 1
    const isBroken = this.breaksAt.has(this.calls)
    if (!isBroken || this.late) done()
    if (isBroken) throw new OfflineError(new TypeError('no line'))
  }

  async startInspection(): Promise<string> {
    this.call(() => (this.inspections += 1))
    return 'inspection-1'
  }

  async recordSpotted(job: SpottedJob, inspectionId: string): Promise<void> {
    expect(inspectionId).toBe('inspection-1')
    if (this.refuses.has(job.id)) throw new ProblemError({ status: 422, code: 'evidence_missing', detail: '' })
    this.call(() => this.recorded.push(job.id))
  }

  async recordBeside(job: SpottedJob, findingId: string): Promise<void> {
    this.call(() => this.recorded.push(`${findingId}/${job.id}`))
  }
}

let database: QueueDatabase
let turn = 0

const run = (line: Line): Promise<string> =>
  runSpotted(database, line, 'me', (group, name) => inspectionOf(database, line, group, name))

const photo = (state: Upload['state'], problem: Upload['problem'] = null): Promise<void> =>
  addUpload(
    database,
    { id: 'p', userId: 'me', enterpriseId: 'e', group: 'visit:v', sha256: 'ab', fileName: 'a.jpg', size: 1, sent: 0, state, problem, addedAt: 1 },
    new ArrayBuffer(1),
  )

async function mark(id: string, addedAt: number, userId = 'me'): Promise<void> {
  const job = { id, userId, enterpriseId: 'e', group: 'visit:v', fileName: 'a.jpg', hazard: { id, evidence_sha256: 'ab' }, state: 'waiting', problem: null, addedAt }
  await database.put('spotted', job as unknown as SpottedJob)
}

beforeEach(async () => {
  database = await openQueue(`spotted-${++turn}`)
  await database.put('visits', { id: 'v', userId: 'me', enterpriseId: 'e', place: 'p', note: '', startedAt: 1, inspectionId: null } as Visit)
  await mark('b', 2)
  await mark('a', 1)
})

describe('hazards that were marked without signal', () => {
  it('go to the finding whose picture they are on, whose photo never waits here', async () => {
    await photo('waiting')
    const job = { id: 'c', userId: 'me', enterpriseId: 'e', group: 'finding:f', fileName: 'gate', hazard: { id: 'c', evidence_sha256: 'ab' }, state: 'waiting', problem: null, addedAt: 3 }
    await database.put('spotted', job as unknown as SpottedJob)
    const broken = new Line(new Set([1]))
    expect(await run(broken)).toBe('offline')
    expect(broken.recorded).toEqual([])
    const line = new Line()
    expect(await run(line)).toBe('empty')
    expect(line.recorded).toEqual(['f/c'])
    expect(await database.getAllKeys('spotted')).toEqual(['a', 'b'])
  })

  it('wait for their photo, and are then sent in their order and forgotten', async () => {
    await photo('waiting')
    const line = new Line()
    expect(await run(line)).toBe('empty')
    expect(line.recorded).toEqual([])
    await database.delete('uploads', 'p')
    expect(await run(line)).toBe('empty')
    expect(line.recorded).toEqual(['a', 'b'])
    expect(await database.count('spotted')).toBe(0)
  })

  it.each([false, true])('are sent again where the line broke (after the server had it: %s)', async (late) => {
    for (const at of [1, 2, 3]) {
      database = await openQueue(`spotted-line-${String(late)}-${at}`)
      await database.put('visits', { id: 'v', userId: 'me', enterpriseId: 'e', place: 'p', note: '', startedAt: 1, inspectionId: null } as Visit)
      await mark('a', 1)
      await mark('b', 2)
      const line = new Line(new Set([at]), new Set(), late)
      expect(await run(line)).toBe('offline')
      expect(await run(line)).toBe('empty')
      expect([...new Set(line.recorded)]).toEqual(['a', 'b'])
      expect(await database.count('spotted')).toBe(0)
    }
  })

  it('are kept with the reason where the server refuses one, and the next is sent', async () => {
    const line = new Line(new Set(), new Set(['a']))
    expect(await run(line)).toBe('empty')
    expect(line.recorded).toEqual(['b'])
    const kept = await database.get('spotted', 'a')
    expect([kept?.state, kept?.problem?.code]).toEqual(['refused', 'evidence_missing'])
  })

  it('are refused with their photo', async () => {
    await photo('refused', { code: 'evidence_type_refused', detail: 'x' })
    expect(await run(new Line())).toBe('empty')
    expect((await database.getAll('spotted')).map(({ problem }) => problem?.code)).toEqual(['evidence_type_refused', 'evidence_type_refused'])
  })

  it("of another person on the same phone are neither sent nor touched", async () => {
    await mark('c', 3, 'somebody')
    await run(new Line())
    expect((await database.getAll('spotted')).map(({ id }) => id)).toEqual(['c'])
  })
})
