/** Who vouches for a ledger. */
import type zh from './vouching.zh-CN'

const en: typeof zh = {
  title: 'Who vouches for this ledger',
  link: 'Who vouches for it: area, witnesses, keys',
  none: 'There is no checkpoint yet',
  intro: 'No party needs to trust another: your browser checks every step here.',
  chain: 'Chain of proof',
  good: 'It holds: the area’s log ({area} entries) covers the first {covered} of this ledger’s {size} entries; no witness has cosigned. | It holds: the area’s log ({area} entries) covers the first {covered} of this ledger’s {size} entries; cosigned by one witness. | It holds: the area’s log ({area} entries) covers the first {covered} of this ledger’s {size} entries; cosigned by {n} witnesses.',
  bad: 'It does not hold! Keep this page and call the other parties.',
  waiting: 'The area does not cover this ledger yet; look again in some seconds.',
  steps: 'Your browser checks: the signatures of ledger and area, the witnesses’ cosignatures, the proof in the area’s log, and that the ledger only grew. This server names the keys: confirm them with the parties.',
  size: 'Entries',
  root: 'Root hash',
  proof: 'Download the area proof',
  witnesses: 'Witnesses',
  area: 'The log of “{name}” has {n} entries, each a checkpoint of an enterprise; one cosignature covers the area.',
  noWitness: 'This area has no witness yet. The operator adds one: anxun witness add.',
  cosigned: 'Cosigned up to entry {n} at',
  never: 'Has not cosigned yet',
  refused: 'Did not cosign when it was asked last:',
  request: 'Download the request',
  stick: 'Where a witness has no network: download the request, carry it over on a stick, run anxun witness cosign, and bring the .cosigned file back here.',
  upload: 'Bring a cosigned file in',
  taken: 'Taken in: cosigned by {names}',
  keys: 'History of signing keys',
  keysHelp: 'A change of key stands in the ledger: whoever trusts the old key can come to trust the new one by it.',
  areaKey: 'The area’s key now (witnesses must follow it):',
  entry: 'entry {n}',
  kind: { first: 'first key', rotated: 'rotated', replaced: 'replaced after a loss (believed only with a witness’s cosignature)' },
}
export default en
