/** What is asked for, in words: 2026年10月安全会议与活动台账. */
import { useI18n } from 'vue-i18n'

import type { Duty } from '@/api/types'
import { useCatalogue } from '@/stores/catalogue'

type Asked = Pick<Duty, 'period' | 'last' | 'record_id'> & { ticket_number?: string | null }

export function useDutyText(): { period: (duty: Asked) => string; what: (duty: Duty) => string } {
  const { t, locale } = useI18n({ useScope: 'global' })
  const catalogue = useCatalogue()

  function period({ period: name, last, record_id, ticket_number }: Asked): string {
    if (record_id) return t('sections.renewal', { day: last })
    if (name.startsWith('plan:')) return ticket_number ? t('sections.treatmentOf', { number: ticket_number }) : t('sections.treatment')
    if (name === 'plan') return t('sections.plan')
    if (name === 'first') return t('sections.first')
    if (name.includes('@')) return t('sections.renewal', { day: last })
    const [y = '', part = ''] = name.split('-')
    if (part.startsWith('Q')) return t('sections.quarter', { y, n: part.slice(1) })
    if (part.startsWith('H')) return t('sections.half', { y, n: t(part === 'H1' ? 'sections.firstHalf' : 'sections.secondHalf') })
    return part ? t('sections.month', { y, m: locale.value === 'en' ? part : Number(part) }) : t('sections.year', { y })
  }

  const what = (duty: Duty): string => `${period(duty)} ${catalogue.sectionName(duty.section)}`
  return { period, what }
}
