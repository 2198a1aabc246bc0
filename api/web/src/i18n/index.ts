/** Languages: Chinese unless the person chose otherwise. Quasar's own texts follow. */
import { Lang } from 'quasar'
import quasarEn from 'quasar/lang/en-US.js'
import quasarZh from 'quasar/lang/zh-CN.js'
import { createI18n } from 'vue-i18n'

import en from './en'
import zh from './zh-CN'

export const LOCALES = [
  { value: 'zh-CN', label: '中文' },
  { value: 'en', label: 'English' },
] as const
export type Locale = (typeof LOCALES)[number]['value']

const KEPT_AS = 'anxun.locale'

function keptLocale(): Locale {
  return localStorage.getItem(KEPT_AS) === 'en' ? 'en' : 'zh-CN'
}

export const i18n = createI18n({
  legacy: false,
  locale: keptLocale(),
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh, en },
})

/** Quasar's language pack of the present locale, for its installation. */
export const quasarLang = keptLocale() === 'en' ? quasarEn : quasarZh

export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  localStorage.setItem(KEPT_AS, locale)
  // The packs' own type and the parameter's differ in one optional argument (Quasar 2.27).
  Lang.set((locale === 'en' ? quasarEn : quasarZh) as Parameters<typeof Lang.set>[0])
  document.documentElement.lang = locale
  document.title = i18n.global.t('app.name')
}

