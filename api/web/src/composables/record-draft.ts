/** What is being filled in, kept on this device until the ledger has it: a reload or a lost line costs nothing. */
import { reactive, watch } from 'vue'

import { uuid7 } from '@/queue/hash'

export interface RecordDraft {
  /** The idempotency key: the same draft sent twice is one record. */
  id: string
  values: Record<string, unknown>
  reason: string
  /** Whether anything was filled in before this page was opened. */
  isFound: boolean
}

function kept(key: string): Partial<RecordDraft> | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') as Partial<RecordDraft> | null
  } catch {
    return null
  }
}

export function useRecordDraft(place: string, first: () => Record<string, unknown>): { draft: RecordDraft; clear: () => void } {
  const key = `anxun.draft.${place}`
  const found = kept(key)
  const draft = reactive<RecordDraft>({
    id: found?.id ?? uuid7(), values: found?.values ?? first(), reason: found?.reason ?? '', isFound: found !== null,
  })
  watch(draft, ({ id, values, reason }) => localStorage.setItem(key, JSON.stringify({ id, values, reason })), { deep: true, flush: 'sync' })

  function clear(): void {
    Object.assign(draft, { id: uuid7(), values: first(), reason: '', isFound: false })
    localStorage.removeItem(key)
  }
  return { draft, clear }
}
