/** Filters of a list that live in the address, so that a reload, a link and the way back keep them. */
import { computed, reactive } from 'vue'
import { type LocationQueryValue, useRoute, useRouter } from 'vue-router'

export interface FilterOption {
  value: string
  label: string
}

/** One filter: a choice of `options`, or a day where it has none. */
export interface FilterField {
  name: string
  label: string
  options?: FilterOption[]
}

const DAY_MS = 86_400_000

function first(value: LocationQueryValue | LocationQueryValue[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

export function useUrlFilters(names: readonly string[]) {
  const route = useRoute()
  const router = useRouter()
  const values = reactive<Record<string, string>>(
    Object.fromEntries(names.map((name) => [name, first(route.query[name])])),
  )
  const active = computed(() => names.filter((name) => values[name]))

  function set(name: string, value: string): void {
    values[name] = value
    const query = Object.fromEntries(Object.entries(values).filter(([, text]) => text))
    void router.replace({ query })
  }

  return { values, active, set }
}

/** The moment at which a day begins in China; `after` counts whole days from it. */
export function dayInChina(day: string | undefined, after = 0): string | undefined {
  if (!day || !/^\d{4}-\d\d-\d\d$/.test(day)) return undefined
  const start = Date.parse(`${day}T00:00:00+08:00`)
  return Number.isNaN(start) ? undefined : new Date(start + after * DAY_MS).toISOString()
}
