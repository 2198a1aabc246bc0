/** Inspection records: reading them, and how the queue sends them. */
import type { RecordJob, RecordTransport } from '@/queue/records'

import { api, unwrap } from './client'
import type { InspectionRecord, InspectionRecordSummary, RecordContent } from './types'

export async function draftRecord(enterpriseId: string, inspectionId: string): Promise<RecordContent> {
  const path = { enterprise_id: enterpriseId, inspection_id: inspectionId }
  return unwrap(api.GET('/v1/enterprises/{enterprise_id}/inspections/{inspection_id}/record-draft', { params: { path } }))
}

export async function listRecords(enterpriseId: string, inspectionId: string): Promise<InspectionRecordSummary[]> {
  const path = { enterprise_id: enterpriseId, inspection_id: inspectionId }
  const answer = api.GET('/v1/enterprises/{enterprise_id}/inspections/{inspection_id}/records', { params: { path } })
  return (await unwrap(answer)).items
}

export async function readRecord(enterpriseId: string, recordId: string): Promise<InspectionRecord> {
  const path = { enterprise_id: enterpriseId, inspection_record_id: recordId }
  return unwrap(api.GET('/v1/enterprises/{enterprise_id}/inspection-records/{inspection_record_id}', { params: { path } }))
}

/** Address of the hazard notice's PDF as it went out, or of its English translation. */
export function noticeUrl(enterpriseId: string, recordId: string, isTranslated = false): string {
  return `/v1/enterprises/${enterpriseId}/inspection-records/${recordId}/notice${isTranslated ? '?language=en' : ''}`
}

export const recordTransport: RecordTransport = {
  async submitRecord(job: RecordJob, inspectionId) {
    const path = { enterprise_id: job.enterpriseId, inspection_id: inspectionId }
    const body = {
      id: job.id, content: job.content, content_sha256: job.contentSha256, signature: job.inspector!,
      supersedes: job.supersedes, reason: job.reason,
    }
    await unwrap(api.POST('/v1/enterprises/{enterprise_id}/inspections/{inspection_id}/records', { params: { path }, body }))
  },
  async answerRecord(job, answer) {
    const path = { enterprise_id: job.enterpriseId, inspection_record_id: job.id }
    await unwrap(
      api.POST('/v1/enterprises/{enterprise_id}/inspection-records/{inspection_record_id}/answer', { params: { path }, body: answer }),
    )
  },
}
