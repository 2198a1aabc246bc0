/** English texts of hazard items: their tickets, how they came back, were joined and split. */
export const item = {
  title: 'Hazard',
  list: 'Hazards',
  none: 'No such hazards',
  sightings: 'Sightings',
  seen: 'Seen {n} ×',
  first: 'First seen',
  last: 'Last seen',
  closed: 'Closed',
  ticket: 'Ticket',
  tickets: 'Tickets',
  noTicket: 'No ticket yet',
  recurring: 'Recurring ×{n}',
  recurrence: 'Recurring',
  cameBack: 'Came back after it was closed',
  neverBack: 'Did not come back',
  history: 'What happened to it',
  joinedInto: 'This hazard was joined into another, which has its sightings now.',
  openSurvivor: 'Open that hazard',
  movedFindings: '{n} sighting moved | {n} sightings moved',
  otherItem: 'The other hazard',
  merge: 'Join into another hazard',
  mergeWhat: 'When two hazards are the same: its sightings go to the other one, and its open ticket ends as joined, not as fixed.',
  mergeInto: 'The hazard that stays',
  mergeSend: 'Join',
  mergeNone: 'No other standing hazard found',
  merged: 'Joined',
  split: 'Split sightings off',
  splitWhat: 'When sightings are of another hazard: those chosen become a hazard of their own, with a ticket where one of them was confirmed.',
  splitChoose: 'Sightings of the other hazard',
  splitPlace: 'Place of the new hazard',
  splitSend: 'Split off',
  splitDone: 'Split off: this is the new hazard',
  reason: 'Why',
  reasonNeeded: 'Say why: it stays in the ledger.',
  findingsNeeded: 'Choose at least one sighting.',
}
export const itemState = { open: 'Standing', closed: 'Removed', dismissed: 'Dismissed', merged: 'Joined into another' }
export const itemChange = { reopened: 'Came back: opened again', merged: 'Another hazard was joined into it', split: 'Sightings were split off' }
export const itemTicketState = { joined: 'Joined into another' }
export const itemTicketActions = { joined: 'Joined into another ticket' }
export const itemKinds = {
  'item.reopened': 'Hazard came back',
  'item.merged': 'Hazards joined',
  'item.split': 'Sightings split off',
  'ticket.joined': 'Ticket joined into another',
}
export const itemFields = {
  recurrences: 'Came back', earlier_ticket: 'Earlier ticket', other_item_id: 'Other hazard', other_place: 'Other place',
  finding_ids: 'Sightings', into_ticket: 'Into ticket', joined_ticket: 'Joined ticket', catalogue_level: 'Level of the catalogue', closed_at: 'Closed',
}
export const itemProblems = {
  item_not_standing: 'This hazard does not stand any more.',
  reinspection_pending: 'A fix waits for its reinspection. Reinspect it first.',
  merge_refused: 'These two cannot be joined this way round.',
  split_refused: 'These sightings cannot be split off.',
}
