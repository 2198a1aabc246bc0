/** Counted time in words, alike in lists and on a ticket's page. */
import { useI18n } from 'vue-i18n'

import { durationParts } from '@/format'

export function useSpanText(): { spanText: (seconds: number) => string; leftText: (remaining_s: number, isLate: boolean) => string } {
  const { t } = useI18n({ useScope: 'global' })

  function spanText(seconds: number): string {
    const { d, h, m } = durationParts(seconds)
    return d > 0 ? t('clock.days', { d, h }) : t('clock.hours', { h, m })
  }

  /** What is left, or by how much it is late. */
  function leftText(remaining_s: number, isLate: boolean): string {
    return isLate ? t('clock.over', { time: spanText(Math.max(0, -remaining_s)) }) : t('clock.left', { time: spanText(Math.max(0, remaining_s)) })
  }
  return { spanText, leftText }
}
