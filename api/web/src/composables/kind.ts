/** What an entry of the ledger is about, in words. A kind has a dot in its name, so that no text path leads to it. */
import { useI18n } from 'vue-i18n'

export function useKindName(): (kind: string) => string {
  const { tm } = useI18n()
  return (kind) => (tm('kind') as Record<string, string>)[kind] ?? kind
}
