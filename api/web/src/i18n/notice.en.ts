/** English texts of notices. */
export default {
  title: 'Notices',
  bell: 'Notices, {n} unread',
  none: 'No notices',
  readAll: 'Mark all as read',
  onlyUnread: 'Unread only',
  unread: 'unread',
  kind: {
    finding_confirmed: 'A finding was confirmed',
    ticket_opened: 'New ticket',
    ticket_assigned: 'A ticket was assigned to you',
    ticket_submitted: 'A fix was submitted: to be reinspected',
    ticket_returned: 'Not fixed: the ticket was returned',
    ticket_closed: 'A ticket was closed',
    ticket_overdue: 'A ticket is overdue',
  },
}
