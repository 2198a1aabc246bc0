import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { api, unwrap } from '@/api/client'
import { ActionKeys, KEPT_MS, KEY_HEADER } from '@/api/keys'

describe('a key', () => {
  it('is the same until the action is answered, and new afterwards', () => {
    const keys = new ActionKeys()
    const first = keys.keyOf('a')
    expect(keys.keyOf('a')).toBe(first)
    keys.answered('a', 503)
    expect(keys.keyOf('a')).toBe(first)
    expect(keys.keyOf('b')).not.toBe(first)
    keys.answered('a', 409)
    expect(keys.keyOf('a')).not.toBe(first)
  })

  it('is not sent again when the server has forgotten it', () => {
    let now = 0
    const keys = new ActionKeys(() => now)
    const first = keys.keyOf('a')
    now = KEPT_MS - 1
    expect(keys.keyOf('a')).toBe(first)
    now = KEPT_MS
    expect(keys.keyOf('a')).not.toBe(first)
  })
})

describe('the client', () => {
  let server: Server
  let baseUrl: string
  let sent: string[]
  /** What the server does with each request: 0 breaks the line. */
  let answers: number[]

  beforeEach(async () => {
    sent = []
    server = createServer((request, response) => {
      sent.push(String(request.headers[KEY_HEADER.toLowerCase()]))
      const status = answers.shift()!
      if (status === 0) request.socket.destroy()
      else response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => server.close())

  const start = (place: string, header: Record<string, string> = {}): Promise<unknown> =>
    unwrap(
      api.POST('/v1/enterprises/{enterprise_id}/inspections', {
        params: { path: { enterprise_id: 'e' }, header }, body: { place, note: '' }, baseUrl,
      }),
    )

  it('sends one key for one action, over a line that broke', async () => {
    answers = [0, 503, 201, 201, 201]
    await expect(start('gate')).rejects.toThrow('not reached')
    await expect(start('gate')).rejects.toThrow('503')
    await start('gate')
    await start('gate')
    await start('roof')
    expect(sent[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(sent.slice(0, 3)).toEqual([sent[0], sent[0], sent[0]])
    expect(new Set(sent.slice(2)).size).toBe(3)
  })

  it('keeps the key that it was given', async () => {
    answers = [201]
    await start('gate', { [KEY_HEADER]: 'own' })
    expect(sent).toEqual(['own'])
  })
})
