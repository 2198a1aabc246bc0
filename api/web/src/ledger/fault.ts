/** Why a chain of proof does not hold: which link of it is broken and by what, as codes that both languages have words for. */

export const LINKS = ['entry', 'checkpoint', 'area', 'cosignature'] as const
/** entry: what is shown → leaf hash; checkpoint: → the ledger's signed checkpoint; area: → the area's log; cosignature: → witnesses. */
export type Link = (typeof LINKS)[number]

export const FAULTS = [
  // The entry.
  'other_entry', 'other_ledger_entry', 'header', 'erased_shown', 'commitment', 'record', 'shown', 'leaf_hash',
  // Keys, notes and checkpoints.
  'base64', 'key_form', 'key_type', 'key_id', 'no_signatures', 'no_size', 'not_signed', 'other_ledger', 'two_histories',
  // Proofs.
  'other_tree', 'not_in_tree', 'too_long', 'too_short', 'root', 'shrunk', 'one_size', 'not_continued',
  // The area and its witnesses.
  'no_area_proof', 'area_leaf_hash', 'area_kind', 'area_commitment', 'area_ledger', 'cosignature_form', 'cosignature',
  // An answer that is none.
  'unreadable',
] as const
export type Fault = (typeof FAULTS)[number]
export type FaultValues = Record<string, string | number>

/** Something does not hold. `values` are what its words name. */
export class ProofError extends Error {
  constructor(readonly fault: Fault, readonly values: FaultValues = {}) {
    super(`${fault} ${JSON.stringify(values)}`)
  }
}

/** A key, a note or a signature does not hold. */
export class NoteError extends ProofError {}

/** What does not hold, and at which link of the chain. */
export class BrokenLink extends Error {
  constructor(readonly link: Link, readonly fault: Fault, readonly values: FaultValues = {}) {
    super(`${link}: ${fault} ${JSON.stringify(values)}`)
  }
}

/** Do the checks of one link. Throw BrokenLink for whatever they throw: an answer that can't be read proves nothing either. */
export function onLink<T>(link: Link, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof BrokenLink) throw error
    if (error instanceof ProofError) throw new BrokenLink(link, error.fault, error.values)
    throw new BrokenLink(link, 'unreadable')
  }
}
