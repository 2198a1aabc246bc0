/** How many notices the person has not read; the bell and the page of notices share it. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api, unwrap } from '@/api/client'

export const useNotices = defineStore('notices', () => {
  const unread = ref(0)

  async function count(): Promise<void> {
    unread.value = (await unwrap(api.GET('/v1/notices/unread'))).unread
  }

  return { unread, count }
})
