import { onBeforeUnmount, onMounted, ref } from 'vue'

/** Whether the device believes to have a network. */
export function useOnline() {
  const isOnline = ref(navigator.onLine)
  const read = (): void => {
    isOnline.value = navigator.onLine
  }
  onMounted(() => {
    addEventListener('online', read)
    addEventListener('offline', read)
  })
  onBeforeUnmount(() => {
    removeEventListener('online', read)
    removeEventListener('offline', read)
  })
  return isOnline
}
