import { onBeforeUnmount, onMounted } from 'vue'

/** Call again and again while the page is shown and `isNeeded`, one call at a time. */
export function usePolling(call: () => Promise<void>, isNeeded: () => boolean, everyMs = 1500): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  function next(): void {
    if (!stopped) timer = setTimeout(() => void turn(), everyMs)
  }
  async function turn(): Promise<void> {
    if (isNeeded() && document.visibilityState === 'visible') await call()
    next()
  }
  onMounted(next)
  onBeforeUnmount(() => {
    stopped = true
    clearTimeout(timer)
  })
}
