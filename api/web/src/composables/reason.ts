/** A reason of the erasure list, in the user's language, with what is not verified said. */
import { useI18n } from 'vue-i18n'

import type { ErasureReason } from '@/api/types'

export function useReasonName(): (reason: ErasureReason) => string {
  const { t, locale } = useI18n({ useScope: 'global' })
  return (reason) => {
    const name = locale.value === 'en' ? reason.name_en : reason.name_zh
    const checked = reason.basis_checked ? '' : ` (${t('finding.basisUnchecked')})`
    return `${name} · ${reason.basis}${checked}`
  }
}
