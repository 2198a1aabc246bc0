/**
 * The one client of the HTTP API, typed by the OpenAPI document.
 *
 * The session is an HttpOnly cookie that no script can read; every change carries a header that another
 * site's page cannot send. Every POST carries an idempotency key, so that an action whose answer was lost is done once.
 */
import createClient, { type Middleware } from 'openapi-fetch'

import { ActionKeys, KEY_HEADER } from './keys'
import { OfflineError, problemOf } from './problem'
import type { paths } from './schema.gen'

export const CHANGE_HEADER = { 'X-Anxun-Request': '1' } as const

let onSignedOut: () => void = () => undefined

/** Say what happens when the server no longer knows the session. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback
}

const marked: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      request.headers.set('X-Anxun-Request', '1')
    }
    return request
  },
  onError({ error }) {
    return new OfflineError(error)
  },
}

const keys = new ActionKeys()
const actions = new Map<string, string>()

const keyed: Middleware = {
  async onRequest({ request, id }) {
    if (request.method !== 'POST' || request.headers.has(KEY_HEADER)) return request
    const action = `${request.url}\n${await request.clone().text()}`
    actions.set(id, action)
    request.headers.set(KEY_HEADER, keys.keyOf(action))
    return request
  },
  onResponse({ response, id }) {
    const action = actions.get(id)
    actions.delete(id)
    if (action !== undefined) keys.answered(action, response.status)
  },
  onError({ id }) {
    actions.delete(id)
  },
}

export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })
api.use(marked, keyed)

/** The header that has a change refused where somebody else changed the thing since it was read. */
export function asRead(etag: string | undefined): { 'if-match': string } {
  return { 'if-match': `"${etag ?? ''}"` }
}

interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/** Return the data of an answer, or throw its problem. */
export async function unwrap<Data>(request: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  const { data, error, response } = await request
  if (response.ok) return data as NonNullable<Data>
  const problem = problemOf(response.status, error)
  if (problem.code === 'not_signed_in') onSignedOut()
  throw problem
}
