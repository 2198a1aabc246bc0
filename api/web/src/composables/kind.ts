/** What an entry of the ledger is about, in words. A kind has a dot in its name, so that no text path leads to it. */
import { useI18n } from 'vue-i18n'

type Words = Record<string, string>

/** Return the words for a kind. What has none of its own is a step of a ticket: it has the step's. */
export function kindWords(kinds: Words, ticketActions: Words, kind: string): string {
  const step = kind.startsWith('ticket.') ? ticketActions[kind.slice('ticket.'.length)] : undefined
  return kinds[kind] ?? step ?? kind
}

export function useKindName(): (kind: string) => string {
  const { tm } = useI18n()
  return (kind) => kindWords(tm('kind') as Words, tm('ticketAction') as Words, kind)
}
