/** English texts of notices. */
export default {
  title: 'Notices',
  bell: 'Notices, {n} unread',
  none: 'No notices',
  readAll: 'Mark all as read',
  onlyUnread: 'Unread only',
  overdueDays: 'Overdue by {n} days',
  blind: '{camera} ({device}): {sight}, for {n} min',
  unread: 'unread',
  problems: '{n} problem | {n} problems',
  kind: {
    record_waits: 'An inspection record waits for your signature',
    record_signed: 'Inspection record signed; the hazard notice is there',
    record_refused: 'Inspection record refused; the hazard notice is there',
    finding_confirmed: 'A finding was confirmed',
    ticket_opened: 'New ticket',
    ticket_assigned: 'A ticket was assigned to you',
    ticket_submitted: 'A fix was submitted: to be reinspected',
    ticket_returned: 'Not fixed: the ticket was returned',
    ticket_closed: 'A ticket was closed',
    delivery_failed: 'Sending failed for days and was given up',
    ticket_escalated: 'Overdue: escalated to you',
    ticket_joined: 'A ticket was joined into another',
    camera_blind: 'A camera has been blind for long',
    ticket_overdue: 'A ticket is overdue',
  },
}
export const escalationActions = { escalate_expert: 'Overdue: escalated to the expert', escalate_town: 'Overdue: escalated to the town', escalate_bureau: 'Overdue: escalated to the bureau' }
