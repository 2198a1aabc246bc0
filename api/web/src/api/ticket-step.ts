/** Steps of a ticket, each a route of its own; the version that was read makes a stale step be refused. */
import { api, unwrap } from './client'
import type { Ticket, TicketAction, TicketDetail } from './types'

export interface StepInput {
  note: string
  assigneeId: string | null
  photos: string[]
}

export async function takeStep(
  ticket: Ticket,
  action: TicketAction,
  { note, assigneeId, photos }: StepInput,
): Promise<TicketDetail> {
  const params = {
    path: { enterprise_id: ticket.enterprise_id, ticket_id: ticket.id },
    header: { 'if-match': `"${ticket.version}"` },
  }
  const base = '/v1/enterprises/{enterprise_id}/tickets/{ticket_id}' as const
  switch (action) {
    case 'assign':
      return unwrap(api.POST(`${base}/assignment`, { params, body: { assignee_id: assigneeId ?? '', note } }))
    case 'start':
      return unwrap(api.POST(`${base}/start`, { params, body: { note } }))
    case 'submit':
      return unwrap(api.POST(`${base}/submission`, { params, body: { note, evidence_sha256s: photos } }))
    case 'close':
    case 'return': {
      const body = { passed: action === 'close', note, evidence_sha256s: photos }
      return unwrap(api.POST(`${base}/reinspection`, { params, body }))
    }
  }
}
