/** Dates and numbers in the user's language and local time. */

export function formatTime(iso: string | number | null | undefined, locale: string): string {
  if (iso === null || iso === undefined) return ''
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'zh-CN', {
    year: 'numeric', month: locale === 'en' ? 'short' : '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', hour12: false,
  }).format(new Date(iso))
}

export function formatDate(iso: string, locale: string): string {
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'zh-CN', {
    year: 'numeric', month: locale === 'en' ? 'short' : '2-digit', day: '2-digit',
  }).format(new Date(iso))
}

export function formatPercent(fraction: number): string {
  return `${Math.round(fraction * 100)}%`
}

export function formatBytes(size: number): string {
  return size < 1024 * 1024 ? `${Math.ceil(size / 1024)} kB` : `${(size / 1024 / 1024).toFixed(1)} MB`
}

/** Days, hours and minutes of a number of seconds, rounded down. */
export function durationParts(seconds: number): { d: number; h: number; m: number } {
  const minutes = Math.floor(seconds / 60)
  return { d: Math.floor(minutes / 1440), h: Math.floor((minutes % 1440) / 60), m: minutes % 60 }
}
