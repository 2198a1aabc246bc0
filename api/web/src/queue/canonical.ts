/**
 * Canonical JSON (RFC 8785) of what has only texts, whole numbers, booleans, null, lists and objects.
 *
 * `JSON.stringify` already writes texts and whole numbers as the RFC asks; left is the order of the names, by UTF-16 units,
 * which is how JavaScript compares strings.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

export function canonicalBytes(value: unknown): ArrayBuffer {
  return new TextEncoder().encode(canonicalJson(value)).buffer as ArrayBuffer
}
