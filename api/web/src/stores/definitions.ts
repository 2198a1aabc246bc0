/** The forms of the sections as data, kept on this device so that one can be filled in without signal. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api, unwrap } from '@/api/client'
import { OfflineError } from '@/api/problem'
import type { FieldDefinition, SectionDefinition } from '@/api/types'
import { i18n } from '@/i18n'

const KEPT_AS = 'anxun.definitions'

function kept(): SectionDefinition[] {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]') as SectionDefinition[]
  } catch {
    return []
  }
}

export function labelOf(named: { label_zh: string; label_en: string }): string {
  return i18n.global.locale.value === 'en' ? named.label_en : named.label_zh
}

export const useDefinitions = defineStore('definitions', () => {
  const all = ref<SectionDefinition[]>([])
  let isFresh = false

  async function load(): Promise<void> {
    if (isFresh) return
    try {
      all.value = (await unwrap(api.GET('/v1/section-definitions'))).items
      localStorage.setItem(KEPT_AS, JSON.stringify(all.value))
      isFresh = true
    } catch (error) {
      all.value = kept()
      if (!(error instanceof OfflineError) || all.value.length === 0) throw error
    }
  }

  const inForce = (section: string): SectionDefinition | undefined =>
    all.value.find((edition) => edition.section === section && edition.is_in_force)
  const edition = (section: string, version: string): SectionDefinition | undefined =>
    all.value.find((row) => row.section === section && row.version === version)

  /** A value in words; pictures are shown apart. */
  function wordsOf(field: FieldDefinition, value: unknown): string {
    const { t } = i18n.global
    if (value === undefined || value === null) return ''
    if (field.type === 'choice') {
      const choice = field.choices.find(({ code }) => code === value)
      return choice ? labelOf(choice) : String(value)
    }
    if (field.type === 'yes_no') return value ? t('yes') : t('no')
    if (Array.isArray(value)) return value.join(i18n.global.locale.value === 'en' ? ', ' : '、')
    if (field.type === 'datetime') return chinaTime(String(value)).replace('T', ' ')
    return field.unit ? `${String(value)} ${field.unit}` : String(value)
  }

  /** What a record is called in a list. */
  function titleOf(section: string, version: string, values: Record<string, unknown> | null): string {
    const definition = edition(section, version)
    const field = definition?.fields.find(({ role }) => role === 'title')
    return field && values ? wordsOf(field, values[field.name]) : ''
  }

  return { all, load, inForce, edition, wordsOf, titleOf }
})

/** A time as the clock in China shows it: 2026-10-20T14:30. */
export function chinaTime(iso: string): string {
  return new Date(new Date(iso).getTime() + 8 * 3_600_000).toISOString().slice(0, 16)
}

/** Today in China, such as 2026-10-20. */
export function chinaToday(now = Date.now()): string {
  return new Date(now + 8 * 3_600_000).toISOString().slice(0, 10)
}
