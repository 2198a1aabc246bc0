/** Who is signed in, and which enterprise they look at. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

import { api, unwrap } from '@/api/client'
import { OfflineError, ProblemError } from '@/api/problem'
import type { ImportKind, Me, Role } from '@/api/types'

// Names only, never a secret: lets the person keep taking photos after a reload without signal.
const ME_KEPT_AS = 'anxun.me'
const ENTERPRISE_KEPT_AS = 'anxun.enterprise'

const MAY_DECIDE: readonly Role[] = ['expert', 'service_centre']
const MAY_ASK_ERASURE: readonly Role[] = ['expert', 'service_centre', 'enterprise_officer']
const MAY_HOLD: readonly Role[] = ['service_centre', 'enterprise_officer']
const MAY_EXPORT_DATASET: readonly Role[] = ['service_centre']
const MAY_READ_REPORTS: readonly Role[] = ['expert', 'enterprise_officer', 'service_centre', 'insurer', 'government']
const MAY_MANAGE_DEVICES: readonly Role[] = ['expert', 'service_centre', 'enterprise_officer']
const MAY_IMPORT: Record<ImportKind, readonly Role[]> = {
  enterprises: ['service_centre'],
  people: ['service_centre', 'enterprise_officer'],
  cameras: MAY_MANAGE_DEVICES,
}
const MAY_MANAGE_PEOPLE: readonly Role[] = ['service_centre', 'enterprise_officer']
const IMPORT_KINDS: readonly ImportKind[] = ['enterprises', 'people', 'cameras']

function keptMe(): Me | null {
  try {
    return JSON.parse(localStorage.getItem(ME_KEPT_AS) ?? 'null') as Me | null
  } catch {
    return null
  }
}

export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const isKnown = ref(false)
  const hasExpired = ref(false)
  const chosen = ref<string | null>(localStorage.getItem(ENTERPRISE_KEPT_AS))

  const enterprises = computed(() => me.value?.enterprises ?? [])
  /** The enterprise to look at; null means all. Whoever has one only always looks at that. */
  const enterpriseId = computed<string | null>({
    get() {
      const only = enterprises.value.length === 1 ? enterprises.value[0] : undefined
      if (only) return only.id
      return enterprises.value.some(({ id }) => id === chosen.value) ? chosen.value : null
    },
    set(id) {
      chosen.value = id
    },
  })
  watch(chosen, (id) => {
    if (id) localStorage.setItem(ENTERPRISE_KEPT_AS, id)
    else localStorage.removeItem(ENTERPRISE_KEPT_AS)
  })

  const roles = computed(() => new Set(me.value?.roles.map(({ role }) => role) ?? []))
  const mayDecide = computed(() => MAY_DECIDE.some((role) => roles.value.has(role)))
  const mayAskErasure = computed(() => MAY_ASK_ERASURE.some((role) => roles.value.has(role)))
  const mayHold = computed(() => MAY_HOLD.some((role) => roles.value.has(role)))
  const mayExportDataset = computed(() => MAY_EXPORT_DATASET.some((role) => roles.value.has(role)))
  const hidesHeads = computed(() => me.value?.shows_heads === false)
  const mayReadReports = computed(() => MAY_READ_REPORTS.some((role) => roles.value.has(role)))
  const mayManageDevices = computed(() => MAY_MANAGE_DEVICES.some((role) => roles.value.has(role)))
  const mayManagePeople = computed(
    () => MAY_MANAGE_PEOPLE.some((role) => roles.value.has(role)) || (me.value?.roles ?? []).some((held) => held.is_administrator),
  )
  const mayStation = computed(() => roles.value.has('service_centre'))

  function managesPeopleOf(id: string): boolean {
    return (me.value?.roles ?? []).some(({ role, enterprise }) => role === 'service_centre' || (role === 'enterprise_officer' && enterprise?.id === id))
  }

  const importable = computed(() => IMPORT_KINDS.filter((kind) => MAY_IMPORT[kind].some((role) => roles.value.has(role))))

  function keep(person: Me | null): void {
    me.value = person
    isKnown.value = true
    if (person) localStorage.setItem(ME_KEPT_AS, JSON.stringify(person))
    else localStorage.removeItem(ME_KEPT_AS)
  }

  /** Ask the server once who we are; without signal, believe what this device knows. */
  async function load(): Promise<void> {
    if (isKnown.value) return
    try {
      keep(await unwrap(api.GET('/v1/me')))
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) keep(null)
      else if (error instanceof OfflineError || error instanceof ProblemError) me.value = keptMe()
      else throw error
    }
  }

  async function signIn(login: string, password: string, code = ''): Promise<void> {
    const answer = await unwrap(api.POST('/v1/sessions', { body: { login, password, ...(code ? { code } : {}) } }))
    hasExpired.value = false
    keep(answer.user)
  }

  async function signOut(): Promise<void> {
    try {
      await unwrap(api.DELETE('/v1/sessions/current'))
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === 401)) throw error
    }
    keep(null)
  }

  function expire(): void {
    hasExpired.value = me.value !== null
    keep(null)
  }

  function enterpriseName(id: string): string {
    return enterprises.value.find((enterprise) => enterprise.id === id)?.name ?? ''
  }

  return {
    me, isKnown, hasExpired, enterprises, enterpriseId, roles, mayDecide, mayAskErasure, mayHold, mayManageDevices, mayManagePeople, mayStation, mayReadReports, mayExportDataset, hidesHeads, importable,
    load, signIn, signOut, expire, enterpriseName, managesPeopleOf,
  }
})
