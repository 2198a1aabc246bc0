/** What can go wrong with a request: the server said so (ProblemError), or it was not reached (OfflineError). */
import type { Problem } from './types'

/** The server refused; `code` is stable, `detail` is the server's own sentence. */
export class ProblemError extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  /** What is wrong with each field of a record: the field's name and a stable code. */
  readonly fields: Readonly<Record<string, string>>

  constructor(problem: Pick<Problem, 'status' | 'code' | 'detail'>, fields: Record<string, string> = {}) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`)
    this.name = 'ProblemError'
    this.status = problem.status
    this.code = problem.code
    this.detail = problem.detail
    this.fields = fields
  }
}

/** No answer came: no signal, or the server is away. */
export class OfflineError extends Error {
  constructor(cause: unknown) {
    super('the server was not reached', { cause })
    this.name = 'OfflineError'
  }
}

function fieldsOf(body: object): Record<string, string> {
  const faults = 'errors' in body && Array.isArray(body.errors) ? (body.errors as NonNullable<Problem['errors']>) : []
  return Object.fromEntries(
    faults.flatMap(({ location, code }) => (code ? [[String(location.at(-1)), code] as const] : [])),
  )
}

/** Read a refusal; a body that is no problem document (a proxy's page, say) still gives its status. */
export function problemOf(status: number, body: unknown): ProblemError {
  if (typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string') {
    const detail = 'detail' in body && typeof body.detail === 'string' ? body.detail : ''
    return new ProblemError({ status, code: body.code, detail }, fieldsOf(body))
  }
  return new ProblemError({ status, code: `http_${status}`, detail: '' })
}

/** Whether trying again later may help without anything being changed. */
export function isTransient(error: unknown): boolean {
  if (error instanceof OfflineError) return true
  return error instanceof ProblemError && (error.status >= 500 || error.status === 429)
}
