/** The norms as data: hazard types and ledger sections, read once, named in the user's language. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'

import { api, unwrap } from '@/api/client'
import type { HazardType, LedgerSection } from '@/api/types'
import { i18n } from '@/i18n'

export const useCatalogue = defineStore('catalogue', () => {
  const hazards = ref<HazardType[]>([])
  const sections = ref<LedgerSection[]>([])
  const hazardByCode = computed(() => new Map(hazards.value.map((row) => [row.code, row])))
  const sectionByCode = computed(() => new Map(sections.value.map((row) => [row.code, row])))

  async function load(): Promise<void> {
    if (hazards.value.length && sections.value.length) return
    const [types, parts] = await Promise.all([
      unwrap(api.GET('/v1/hazard-types')),
      unwrap(api.GET('/v1/ledger-sections')),
    ])
    hazards.value = types.items
    sections.value = parts.items
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
