/** Rows of the access log for the eye: what one person looked at in a row is one line that opens. */
import type { Access } from './api/types'

export interface AccessGroup {
  first: Access
  rows: Access[]
  /** How often, over all rows. */
  times: number
}

const MINUTE_MS = 60_000
const GAP_MS = 10 * MINUTE_MS

/** Neighbouring readings by one person of one enterprise's data, with less than ten minutes between, go together. */
export function grouped(rows: readonly Access[]): AccessGroup[] {
  const groups: AccessGroup[] = []
  for (const row of rows) {
    const group = groups.at(-1)
    const last = group?.rows.at(-1)
    if (group && last && goTogether(last, row)) {
      group.rows.push(row)
      group.times += row.times
    } else {
      groups.push({ first: row, rows: [row], times: row.times })
    }
  }
  return groups
}

function goTogether(later: Access, earlier: Access): boolean {
  return (
    later.kind === 'read' && earlier.kind === 'read' &&
    later.by.id === earlier.by.id && later.by.kind === earlier.by.kind &&
    later.remote === earlier.remote && later.enterprise?.id === earlier.enterprise?.id &&
    Date.parse(later.at) - Date.parse(earlier.last_at) < GAP_MS
  )
}
