/** Requests for pauses and extensions of a ticket; the version that was read makes a stale one be refused. */
import { api, unwrap } from './client'
import type { HoldKind, Ticket, TicketDetail } from './types'

const BASE = '/v1/enterprises/{enterprise_id}/tickets/{ticket_id}' as const

interface Asked {
  kind: HoldKind
  reason_code: string
  note: string
  until: string
  days: number
}

function params(ticket: Ticket) {
  return {
    path: { enterprise_id: ticket.enterprise_id, ticket_id: ticket.id },
    header: { 'if-match': `"${ticket.version}"` },
  }
}

export async function askForTime(ticket: Ticket, { kind, reason_code, note, until, days }: Asked): Promise<TicketDetail> {
  if (kind === 'pause') {
    return unwrap(api.POST(`${BASE}/pauses`, { params: params(ticket), body: { reason_code, note, until } }))
  }
  return unwrap(api.POST(`${BASE}/extensions`, { params: params(ticket), body: { reason_code, note, days } }))
}

export async function actOnHold(
  ticket: Ticket,
  holdId: string,
  action: 'approve' | 'refuse' | 'withdraw' | 'end',
  note: string,
): Promise<TicketDetail> {
  const { path, header } = params(ticket)
  const named = { path: { ...path, ticket_hold_id: holdId }, header }
  const hold = `${BASE}/holds/{ticket_hold_id}` as const
  switch (action) {
    case 'approve':
    case 'refuse':
      return unwrap(api.POST(`${hold}/decision`, { params: named, body: { approved: action === 'approve', note } }))
    case 'withdraw':
      return unwrap(api.POST(`${hold}/withdrawal`, { params: named, body: { note } }))
    case 'end':
      return unwrap(api.POST(`${hold}/end`, { params: named, body: { note } }))
  }
}
