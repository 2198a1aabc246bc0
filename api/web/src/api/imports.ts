/** Import of enterprises, people and cameras from an Excel sheet. */
import { CHANGE_HEADER } from './client'
import { OfflineError, problemOf } from './problem'
import type { ImportKind, ImportReport } from './types'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** Address of the empty form. */
export function templateUrl(kind: ImportKind, locale: string): string {
  return `/v1/imports/${kind}/template?language=${locale === 'en' ? 'en' : 'zh'}`
}

/** Look a sheet through, or import it. */
export async function sendSheet(kind: ImportKind, file: File, isDryRun: boolean): Promise<ImportReport> {
  let response: Response
  try {
    response = await fetch(`/v1/imports/${kind}?dry_run=${isDryRun}`, {
      method: 'POST', credentials: 'same-origin', headers: { ...CHANGE_HEADER, 'Content-Type': XLSX }, body: await file.arrayBuffer(),
    })
  } catch (error) {
    throw new OfflineError(error)
  }
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw problemOf(response.status, body)
  return body as ImportReport
}
