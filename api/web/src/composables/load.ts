/** Loading of one thing or of a list page by page, with its states: loading, failed, empty, there. */
import { type Ref, onMounted, ref, shallowRef } from 'vue'

export interface Loading {
  isLoading: Ref<boolean>
  error: Ref<unknown>
}

/** Load now, and again with `reload`. What was there stays to be seen while it loads again. */
export function useLoad<Data>(
  read: () => Promise<Data>,
): Loading & { data: Ref<Data | null>; reload: () => Promise<void> } {
  const data: Ref<Data | null> = shallowRef(null)
  const isLoading = ref(true)
  const error = ref<unknown>(null)
  let latest = 0

  async function reload(): Promise<void> {
    const turn = ++latest
    isLoading.value = true
    try {
      const answer = await read()
      if (turn !== latest) return
      data.value = answer
      error.value = null
    } catch (failure) {
      if (turn === latest) error.value = failure
    } finally {
      if (turn === latest) isLoading.value = false
    }
  }

  onMounted(reload)
  return { data, isLoading, error, reload }
}

export interface Page<Row> {
  items: Row[]
  next_cursor?: string | null
}

/** Read a list to its end: for what is chosen from, or short. */
export async function everyRow<Row>(
  read: (query: { limit: number; cursor?: string }) => Promise<Page<Row>>,
): Promise<Row[]> {
  const rows: Row[] = []
  let cursor: string | undefined
  do {
    const page = await read({ limit: 200, ...(cursor ? { cursor } : {}) })
    rows.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return rows
}

/** Load a list page by page. */
export function usePages<Row>(read: (cursor: string | undefined) => Promise<Page<Row>>): Loading & {
  rows: Ref<Row[]>
  hasMore: Ref<boolean>
  more: () => Promise<void>
  reload: () => Promise<void>
} {
  const rows: Ref<Row[]> = shallowRef([])
  const hasMore = ref(false)
  const isLoading = ref(true)
  const error = ref<unknown>(null)
  let cursor: string | undefined
  let latest = 0

  async function add(kept: Row[]): Promise<void> {
    const turn = ++latest
    isLoading.value = true
    try {
      const page = await read(cursor)
      if (turn !== latest) return
      rows.value = [...kept, ...page.items]
      cursor = page.next_cursor ?? undefined
      hasMore.value = cursor !== undefined
      error.value = null
    } catch (failure) {
      if (turn === latest) error.value = failure
    } finally {
      if (turn === latest) isLoading.value = false
    }
  }

  function reload(): Promise<void> {
    cursor = undefined
    rows.value = []
    hasMore.value = false
    return add([])
  }

  onMounted(reload)
  return { rows, hasMore, isLoading, error, more: () => add(rows.value), reload }
}
