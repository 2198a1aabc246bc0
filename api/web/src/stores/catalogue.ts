/** The norms as data: hazard types and ledger sections, read once, named in the user's language. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api, unwrap } from '@/api/client'
import { OfflineError } from '@/api/problem'
import type { HazardType, LedgerSection } from '@/api/types'
import { i18n } from '@/i18n'

const KEPT_AS = 'anxun.hazards'

export const useCatalogue = defineStore('catalogue', () => {
  const hazards = ref<HazardType[]>([])
  const sections = ref<LedgerSection[]>([])
  const hazardByCode = computed(() => new Map(hazards.value.map((row) => [row.code, row])))
  const sectionByCode = computed(() => new Map(sections.value.map((row) => [row.code, row])))

  async function load(): Promise<void> {
    if (hazards.value.length && sections.value.length) return
    try {
      const [types, parts] = await Promise.all([
        unwrap(api.GET('/v1/hazard-types')),
        unwrap(api.GET('/v1/ledger-sections')),
      ])
      hazards.value = types.items
      sections.value = parts.items
      localStorage.setItem(KEPT_AS, JSON.stringify(types.items))
    } catch (error) {
      if (!(error instanceof OfflineError) || !takeKept()) throw error
    }
  }

  /** Take the hazards that were last read here: without signal one is chosen from them. */
  function takeKept(): boolean {
    try {
      hazards.value = JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]') as HazardType[]
    } catch {
      return false
    }
    return hazards.value.length > 0
  }

  function nameOf(row: { name_zh: string; name_en: string } | undefined, code: string): string {
    if (!row) return code
    return i18n.global.locale.value === 'en' ? row.name_en : row.name_zh
  }

  const hazardName = (code: string): string => nameOf(hazardByCode.value.get(code), code)
  /** Entries about the ledger itself (keys, holds, erasures) are in none of the 28 sections. */
  function sectionName(code: string): string {
    const row = sectionByCode.value.get(code)
    return row || sections.value.length === 0 ? nameOf(row, code) : i18n.global.t('retention.ledgerItself')
  }

  return { hazards, sections, hazardByCode, sectionByCode, load, hazardName, sectionName }
})
