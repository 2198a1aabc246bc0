/** Joining and splitting hazards; the version that was read makes a stale one be refused. */
import { api, unwrap } from './client'
import type { Item, ItemDetail } from './types'

const BASE = '/v1/enterprises/{enterprise_id}/items/{item_id}' as const

function params(item: Item) {
  return {
    path: { enterprise_id: item.enterprise_id, item_id: item.id },
    header: { 'if-match': `"${item.version}"` },
  }
}

export async function mergeItem(item: Item, intoItemId: string, reason: string): Promise<ItemDetail> {
  return unwrap(api.POST(`${BASE}/merge`, { params: params(item), body: { into_item_id: intoItemId, reason } }))
}

export async function splitItem(item: Item, findingIds: string[], reason: string, place: string): Promise<ItemDetail> {
  return unwrap(api.POST(`${BASE}/split`, { params: params(item), body: { finding_ids: findingIds, reason, place } }))
}
