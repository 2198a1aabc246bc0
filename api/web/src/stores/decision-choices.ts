/** What a person chooses from when they decide: reasons of dismissals and labels of boxes; read once. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api, unwrap } from '@/api/client'
import type { DismissalReason } from '@/api/types'
import { i18n } from '@/i18n'

export const useDecisionChoices = defineStore('decision-choices', () => {
  const reasons = ref<DismissalReason[]>([])
  const labels = ref<string[]>([])

  async function load(): Promise<void> {
    if (reasons.value.length) return
    const choices = await unwrap(api.GET('/v1/decision-choices'))
    reasons.value = choices.reasons
    labels.value = choices.labels
  }

  function reasonName(code: string): string {
    const row = reasons.value.find((reason) => reason.code === code)
    if (!row) return code
    return i18n.global.locale.value === 'en' ? row.name_en : row.name_zh
  }

  return { reasons, labels, load, reasonName }
})
