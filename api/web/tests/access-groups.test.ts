import { describe, expect, it } from 'vitest'

import { grouped } from '../src/access-groups'
import type { Access } from '../src/api/types'

function row(facts: Partial<Access> & { minute: number }): Access {
  const { minute, ...rest } = facts
  const at = new Date(Date.UTC(2026, 10, 30, 8, minute)).toISOString()
  return {
    id: String(minute), at, last_at: at, times: 1, kind: 'read', action: 'evidence.preview', detail: '', remote: 'a',
    by: { kind: 'user', id: 'p', name: 'P', organisation: '' }, enterprise: null, ...rest,
  }
}

describe('grouped', () => {
  it('puts what one person looked at in a row into one line, and counts repetitions', () => {
    const groups = grouped([row({ minute: 9 }), row({ minute: 5, times: 3 }), row({ minute: 1 })])
    expect(groups.map(({ rows, times }) => [rows.length, times])).toEqual([[3, 5]])
  })

  it('keeps apart other people, other addresses, other acts, and what lies ten minutes back', () => {
    const other = { kind: 'user' as const, id: 'q', name: 'Q', organisation: '' }
    const rows = [
      row({ minute: 59 }), row({ minute: 49 }), row({ minute: 48, by: other }), row({ minute: 47, remote: 'b', by: other }),
      row({ minute: 46, kind: 'export', remote: 'b', by: other }), row({ minute: 45, kind: 'export', remote: 'b', by: other }),
    ]
    expect(grouped(rows)).toHaveLength(rows.length)
  })
})
