/** Names of ledger entries that tell of a ticket's steps: the steps' own names. */
export function kindsOf(actions: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(actions).map(([action, name]) => [`ticket.${action}`, name]))
}
