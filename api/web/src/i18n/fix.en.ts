/** Texts of the model's look at after-photos, in English. */
export const fix = {
  title: 'The model’s look at the after-photos',
  waiting: 'The after-photos are being looked at; the result appears here. You need not wait for it to reinspect.',
  decides: 'This is a hint. Whether the ticket is closed is decided by the person who reinspects.',
  verdict: {
    visible: 'The hazard is still to be seen in {n} photo | The hazard is still to be seen in {n} photos',
    not_seen: 'The hazard was not seen any more ({n} photo looked at) | The hazard was not seen any more ({n} photos looked at)',
    cannot_say: 'The model cannot say',
    failed: 'The photos could not be looked at',
  },
  notSeenHint: 'Not seen does not mean gone: check on site.',
  gaveUp: 'The check failed; look at the photos yourself. Reason: {why}',
  photo: {
    visible: 'still to be seen',
    not_seen: 'not seen',
    cannot_say: 'cannot say',
    failed: 'not readable',
  },
  why: {
    no_label: 'The model does not know this hazard.',
    experimental: 'The model is not good enough at this hazard yet; it is switched off.',
    nobody: 'Nobody is in the photo, so it does not show whether people still do so.',
    unreadable: 'The photo is damaged and cannot be read.',
    erased: 'The photo was erased.',
  },
  erased: 'What was seen was erased.',
  by: 'Model {name} {version} ({sha})',
}
export const fixKinds = { 'ticket.fix_checked': 'Model’s look at the after-photos' }
export const fixFields = { verdict: 'What was said', photos: 'Photos', model_version: 'Model version', error: 'Why' }
