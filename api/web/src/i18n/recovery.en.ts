/** English texts of a forgotten password. */
export default {
  link: 'Forgot your password?',
  title: 'Forgotten password',
  intro: 'Enter your login. A link to set a new password goes to the mailboxes that you confirmed in your notice settings.',
  send: 'Send the link',
  sent: 'If there is such a login, with a confirmed mailbox, the link is on its way. It counts for {n} minutes, and once. Nothing there? Look among the junk mail.',
  noMailbox: 'No confirmed mailbox? Ask your organisation’s administrator or the service centre: whoever runs the system sets a new password for you.',
  noMail: 'This system sends no mail, so no link can be sent. Ask your organisation’s administrator or the service centre: whoever runs the system sets a new password for you.',
  back: 'Back to the sign-in',
  newTitle: 'New password',
  newHint: 'At least 12 characters that are hard to guess; a few words that do not belong together will do. Every sign-in and every personal token of yours ends.',
  noToken: 'The link is not whole. Open it from the mail as it is, or ask for another one.',
  set: 'Set the password and sign in',
  again: 'Ask for another link',
}
