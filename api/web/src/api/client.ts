/**
 * The one client of the HTTP API, typed by the OpenAPI document.
 *
 * The session is an HttpOnly cookie that no script can read; every change carries a header that another
 * site's page cannot send.
 */
import createClient, { type Middleware } from 'openapi-fetch'

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

export const api = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })
api.use(marked)

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
