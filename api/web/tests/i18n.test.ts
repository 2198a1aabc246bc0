import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { kindWords } from '@/composables/kind'
import en from '@/i18n/en'
import zh from '@/i18n/zh-CN'

function keysOf(texts: object, prefix = ''): string[] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'object' ? keysOf(value as object, `${prefix}${key}/`) : [`${prefix}${key}`],
  )
}

function textsOf(texts: object): string[] {
  return Object.values(texts).flatMap((value) =>
    typeof value === 'object' ? textsOf(value as object) : [String(value)],
  )
}

// A plural form repeats what it counts.
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort()

function vueFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf-8' })
    .filter((name) => name.endsWith('.vue'))
    .map((name) => join(folder, name))
}

describe('the texts', () => {
  it('exist in both languages under the same keys', () => {
    expect(keysOf(en).sort()).toEqual(keysOf(zh).sort())
  })

  it('take the same values in both languages', () => {
    const english = textsOf(en)
    textsOf(zh).forEach((text, at) => expect(placeholders(text)).toEqual(placeholders(english[at] ?? '')))
  })

  it('are none of them empty', () => {
    for (const text of [...textsOf(en), ...textsOf(zh)]) expect(text.trim()).not.toBe('')
  })

  it('stand in no component, so that no screen speaks one language only', () => {
    const files = [...vueFiles('src/pages'), ...vueFiles('src/components'), ...vueFiles('src/layouts')]
    expect(files.length).toBeGreaterThan(20)
    for (const file of files) {
      const template = /<template>([\s\S]*)<\/template>/.exec(readFileSync(file, 'utf-8'))?.[1] ?? ''
      const bare = template.replace(/<!--[\s\S]*?-->/g, '').replace(/\{\{[\s\S]*?\}\}/g, '').replace(/<(?:"[^"]*"|[^>"])*>/g, '\n')
      expect(bare, file).not.toMatch(/[\u4e00-\u9fff]|[A-Za-z]{3,}/)
    }
  })

  it('name every kind of entry that the server writes', () => {
    const sources = readdirSync('../../inspection', { recursive: true, encoding: 'utf-8' })
      .filter((name) => name.endsWith('.py'))
      .map((name) => readFileSync(join('../../inspection', name), 'utf-8'))
      .join('\n')
    const said = [...sources.matchAll(/(?:Event|Happening)\(\s*"(\w+\.\w+)"|TicketAction\.\w+: "(ticket\.\w+)"/g)]
    const holds = ['pause', 'extension'].flatMap((kind) => ['requested', 'approved', 'refused', 'withdrawn'].map((state) => `ticket.${kind}_${state}`))
    const kinds = new Set([...said.map(([, event, step]) => event ?? step ?? ''), ...holds])
    expect(kinds.size).toBeGreaterThan(25)
    expect(kinds).toContain('ticket.plan_filed')
    for (const kind of kinds) {
      for (const texts of [en, zh]) expect(kindWords(texts.kind, texts.ticketAction, kind), kind).not.toBe(kind)
    }
  })
})
