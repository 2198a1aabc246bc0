/** English texts of hazards that no model reported and a person marks. */
export default {
  title: 'Mark a missed hazard',
  what: 'A hazard that you see on this photo and the system did not report. Recorded, it counts as confirmed: it goes into the ledger, and a ticket opens where the service plan says so.',
  choose: 'Choose the hazard first, then draw it on the photo',
  draw: 'Draw it on the photo',
  drawn: '{n} drawn; change',
  zoneHint: 'Left empty: the place of this inspection',
  record: 'Record the hazard',
  kept: 'Kept on this device; it is sent when there is a connection',
  waiting: 'Waits to be sent',
  refused: 'Not accepted',
  cannotShow: 'This device cannot show such a picture; mark it once it was uploaded',
  beside: 'Something else is here too',
  whatBeside: 'A hazard that you see on this picture and the system did not report. Recorded, it counts as confirmed: it goes into the ledger, and a ticket opens where the service plan says so.',
  zoneHintBeside: 'Left empty: where this finding is',
  samePicture: 'Also on this picture',
  byPerson: 'Spotted by a person',
}
