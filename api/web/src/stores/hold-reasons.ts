/** Why a ticket may get more time; read once. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api, unwrap } from '@/api/client'
import type { HoldReason } from '@/api/types'
import { i18n } from '@/i18n'

export const useHoldReasons = defineStore('hold-reasons', () => {
  const all = ref<HoldReason[]>([])
  const pauseMax = ref(0)
  const extensionMax = ref(0)

  async function load(): Promise<void> {
    if (all.value.length > 0) return
    const answer = await unwrap(api.GET('/v1/hold-reasons'))
    all.value = answer.items
    pauseMax.value = answer.pause_max_days
    extensionMax.value = answer.extension_max_days
  }

  function nameOf(code: string): string {
    const row = all.value.find((reason) => reason.code === code)
    if (!row) return code
    return i18n.global.locale.value === 'en' ? row.name_en : row.name_zh
  }

  return { all, pauseMax, extensionMax, load, nameOf }
})
