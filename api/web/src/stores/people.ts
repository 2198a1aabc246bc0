/** The people of an enterprise, to choose from and to name beside what they did. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api, unwrap } from '@/api/client'
import type { AssignablePerson } from '@/api/types'
import { everyRow } from '@/composables/load'

export const usePeople = defineStore('people', () => {
  const byEnterprise = ref<Record<string, AssignablePerson[]>>({})

  async function load(enterpriseId: string): Promise<AssignablePerson[]> {
    const path = { enterprise_id: enterpriseId }
    const items = await everyRow<AssignablePerson>((query) =>
      unwrap(api.GET('/v1/enterprises/{enterprise_id}/people', { params: { path, query } })),
    )
    byEnterprise.value[enterpriseId] = items
    return items
  }

  function nameOf(enterpriseId: string, userId: string): string | undefined {
    return byEnterprise.value[enterpriseId]?.find(({ id }) => id === userId)?.name
  }

  return { byEnterprise, load, nameOf }
})
