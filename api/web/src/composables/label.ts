/** A model's label in the user's language; as it is where there is no word for it. */
import { useI18n } from 'vue-i18n'

export function useLabelName(): (label: string) => string {
  const { t, te } = useI18n()
  return (label) => (te(`label.${label}`) ? t(`label.${label}`) : label)
}
