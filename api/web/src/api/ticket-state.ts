import type { Ticket } from './types'

/** Whether nothing is to be done any more: fixed and closed, or joined into another ticket. */
export function isFinished({ state }: Pick<Ticket, 'state'>): boolean {
  return state === 'closed' || state === 'joined'
}
