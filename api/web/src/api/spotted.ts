/** How the queue sends hazards that a person marked. */
import type { SpottedTransport } from '@/queue/spotted'

import { api, unwrap } from './client'

export const spottedTransport: SpottedTransport = {
  async recordSpotted(job, inspectionId) {
    const path = { enterprise_id: job.enterpriseId, inspection_id: inspectionId }
    await unwrap(
      api.POST('/v1/enterprises/{enterprise_id}/inspections/{inspection_id}/findings', { params: { path }, body: job.hazard }),
    )
  },

  async recordBeside(job, findingId) {
    const path = { enterprise_id: job.enterpriseId, finding_id: findingId }
    await unwrap(api.POST('/v1/enterprises/{enterprise_id}/findings/{finding_id}/spotted', { params: { path }, body: job.hazard }))
  },
}
