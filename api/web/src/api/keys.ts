/**
 * Idempotency keys: one for each action of a person, the same one again for as long as its answer did not come.
 *
 * What was sent and not answered may have been done. So whoever presses the button again with the same input sends the same
 * key, and the server does it once; after an answer the same input is a new action.
 */
import { randomId } from '@/queue/hash'

export const KEY_HEADER = 'Idempotency-Key'
/** For how long the server knows a key. */
export const KEPT_MS = 24 * 3600 * 1000

interface Waiting {
  key: string
  since: number
}

export class ActionKeys {
  private readonly unanswered = new Map<string, Waiting>()

  constructor(private readonly now: () => number = Date.now) {}

  /** The key of an action, told by its address and body. */
  keyOf(action: string): string {
    const waiting = this.unanswered.get(action)
    if (waiting && this.now() - waiting.since < KEPT_MS) return waiting.key
    const key = randomId()
    this.unanswered.set(action, { key, since: this.now() })
    return key
  }

  /** Take note of an answer. A failure of the server or of the way there says nothing of what was done. */
  answered(action: string, status: number): void {
    if (status < 500) this.unanswered.delete(action)
  }
}
