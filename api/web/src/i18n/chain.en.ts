/** The chain of proof of an entry. */
import type zh from './chain.zh-CN'

const en: typeof zh = {
  moving: 'Whenever it was asked, the server answered about two different checkpoints, so nothing could be checked. Reload the page; if it stays so, tell the service centre.',
  entry: 'The content matches the leaf hash',
  checkpoint: 'The leaf hash is in the ledger’s checkpoint ({size} entries), signed by the ledger’s key',
  area: 'The area’s log ({size} entries) covers the ledger’s first {covered} entries, this one among them; since then the ledger only grew',
  areaWaiting: 'The area’s log does not cover this entry yet; this usually takes some seconds',
  cosigned: 'Cosigned by {name} at {time}',
  noCosigner: 'No witness has cosigned yet',
  keys: 'This browser checked every step. This server names the keys: confirm them with the parties.',
  who: 'Who vouches for the ledger',
}
export default en
