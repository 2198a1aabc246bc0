/** What went wrong, in the user's language by its code, with the server's own sentence beside it. */
import { Notify } from 'quasar'

import { OfflineError, ProblemError } from '@/api/problem'
import { i18n } from '@/i18n'

export interface ProblemText {
  text: string
  detail: string
}

export function problemText(error: unknown): ProblemText {
  const { t, te } = i18n.global
  if (error instanceof OfflineError) return { text: t('problem.offline'), detail: '' }
  if (!(error instanceof ProblemError)) return { text: t('problem.unknown'), detail: String(error) }
  const key = `problem.${error.code}`
  return { text: te(key) ? t(key) : t('problem.unknown'), detail: error.detail || error.code }
}

export function notifyProblem(error: unknown): void {
  const { text, detail } = problemText(error)
  Notify.create({ type: 'negative', message: text, caption: detail, timeout: 8000 })
}

export function notifyDone(message: string): void {
  Notify.create({ type: 'positive', message })
}
