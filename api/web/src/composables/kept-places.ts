/** The enterprises and organisations whose people the person manages, and the roles that each has. The server decides; this only offers. */
import { onMounted, ref } from 'vue'

import { api, unwrap } from '@/api/client'
import type { Organisation, OrganisationKind, Role } from '@/api/types'
import { everyRow } from '@/composables/load'
import { useSession } from '@/stores/session'

export type PlaceKind = 'enterprise' | OrganisationKind

export interface KeptPlace {
  /** `enterprise:<id>` or `organisation:<id>`. */
  value: string
  label: string
  id: string
  kind: PlaceKind
}

export const ROLES_OF: Record<PlaceKind, Role[]> = {
  enterprise: ['enterprise_worker', 'enterprise_officer'],
  government: ['government'],
  service_centre: ['service_centre', 'expert'],
  insurer: ['insurer'],
  service_body: ['expert'],
}

export function useKeptPlaces() {
  const session = useSession()
  const places = ref<KeptPlace[]>([])

  onMounted(async () => {
    const organisations = await everyRow<Organisation>((query) => unwrap(api.GET('/v1/organisations', { params: { query } }))).catch(() => [])
    const officerOf = (session.me?.roles ?? []).flatMap(({ role, enterprise }) => (role === 'enterprise_officer' && enterprise ? [enterprise] : []))
    const enterprises = session.mayStation ? session.enterprises : officerOf
    places.value = [
      ...organisations.filter((row) => row.manages_people).map(({ id, name, kind }) => ({ value: `organisation:${id}`, label: name, id, kind })),
      ...enterprises.map(({ id, name }) => ({ value: `enterprise:${id}`, label: name, id, kind: 'enterprise' as const })),
    ]
  })

  return places
}

/** The query that a chosen place means. */
export function placeQuery(chosen: string): { enterprise_id?: string; organisation_id?: string } {
  const [kind, id] = chosen.split(':')
  if (!id) return {}
  return kind === 'enterprise' ? { enterprise_id: id } : { organisation_id: id }
}
