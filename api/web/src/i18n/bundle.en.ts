/** The texts of the bundle of one hazard item. */
export const itemBundle = {
  title: 'Evidence of this hazard',
  what: 'Its entries, photos and proofs in one file. Whoever gets it can verify it without this system: anxun verify.',
  download: 'Download the evidence',
}
