/** Who did it: `user:<id>`, `device:<id>` or `system`, in the user's language and by name where it is known. */
import { useI18n } from 'vue-i18n'

import { usePeople } from '@/stores/people'

export function useActorName(): (enterpriseId: string, by: string) => string {
  const { t } = useI18n()
  const people = usePeople()
  return (enterpriseId, by) => {
    const [kind = '', id = ''] = by.split(':')
    if (kind === 'user') return people.nameOf(enterpriseId, id) ?? t('by.user')
    if (kind === 'device') return `${t('by.device')} ${id.slice(-6)}`
    return t('by.system')
  }
}
