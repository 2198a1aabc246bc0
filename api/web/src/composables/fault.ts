/** What is wrong with a proof, in the person's language. */
import { useI18n } from 'vue-i18n'

import { BrokenLink, type Link } from '@/ledger/fault'

export function useFaultText(): (error: unknown) => { link: Link; text: string } {
  const { t } = useI18n({ useScope: 'global' })
  return (error) => {
    const { link, fault, values } = error instanceof BrokenLink ? error : new BrokenLink('entry', 'unreadable')
    return { link, text: t(`chain.fault.${fault}`, values) }
  }
}
