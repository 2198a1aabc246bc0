/** A box's label in the user's language: a model's, or a hazard's code; as it is where there is no word for it. */
import { useI18n } from 'vue-i18n'

import { useCatalogue } from '@/stores/catalogue'

export function useLabelName(): (label: string) => string {
  const { t, te } = useI18n()
  const catalogue = useCatalogue()
  return (label) => (te(`label.${label}`) ? t(`label.${label}`) : catalogue.hazardName(label))
}
