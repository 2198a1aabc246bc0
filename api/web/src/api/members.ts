/** Changing a member, whether of an enterprise or of an organisation; what was read goes along, so that nobody's change is overwritten. */
import { api, asRead, unwrap } from './client'
import type { KeptMember, Role } from './types'

const ENTERPRISE = '/v1/enterprises/{enterprise_id}/members/{user_id}' as const
const ORGANISATION = '/v1/organisations/{organisation_id}/members/{user_id}' as const

const inEnterprise = (row: KeptMember, id: string) => ({ path: { enterprise_id: id, user_id: row.id }, header: asRead(row.etag) })
const inOrganisation = (row: KeptMember) => ({ path: { organisation_id: row.organisation?.id ?? '', user_id: row.id }, header: asRead(row.etag) })

export async function changeRole(row: KeptMember, body: { role: Role; is_administrator: boolean }): Promise<void> {
  await (row.enterprise
    ? unwrap(api.PUT(ENTERPRISE, { params: inEnterprise(row, row.enterprise.id), body }))
    : unwrap(api.PUT(ORGANISATION, { params: inOrganisation(row), body })))
}

export async function setStanding(row: KeptMember, body: { is_active: boolean; reason: string }): Promise<void> {
  await (row.enterprise
    ? unwrap(api.PUT(`${ENTERPRISE}/standing`, { params: inEnterprise(row, row.enterprise.id), body }))
    : unwrap(api.PUT(`${ORGANISATION}/standing`, { params: inOrganisation(row), body })))
}

export async function resetSecondFactor(row: KeptMember, password: string): Promise<void> {
  const body = { password }
  await (row.enterprise
    ? unwrap(api.POST(`${ENTERPRISE}/second-factor/removal`, { params: inEnterprise(row, row.enterprise.id), body }))
    : unwrap(api.POST(`${ORGANISATION}/second-factor/removal`, { params: inOrganisation(row), body })))
}

export async function letGo(row: KeptMember): Promise<void> {
  await (row.enterprise
    ? unwrap(api.DELETE(ENTERPRISE, { params: inEnterprise(row, row.enterprise.id) }))
    : unwrap(api.DELETE(ORGANISATION, { params: inOrganisation(row) })))
}
