/** Filing the treatment plan of a major hazard; the version that was read makes a stale one be refused. */
import { api, unwrap } from './client'
import type { Ticket, TicketDetail, TreatmentPlan } from './types'

export async function filePlan(ticket: Ticket, body: TreatmentPlan): Promise<TicketDetail> {
  return unwrap(
    api.POST('/v1/enterprises/{enterprise_id}/tickets/{ticket_id}/treatment-plan', {
      params: {
        path: { enterprise_id: ticket.enterprise_id, ticket_id: ticket.id },
        header: { 'if-match': `"${ticket.version}"` },
      },
      body,
    }),
  )
}
