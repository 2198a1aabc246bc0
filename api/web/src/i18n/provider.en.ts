/** English texts of the sign-in provider. */
export const provider = {
  title: 'Sign in by {name}',
  linked: 'Your account there is linked: it signs you in here as well.',
  notLinked: 'Link your account there once, then it signs you in here.',
  link: 'Link my account',
  unlink: 'End the link',
  password: 'Your password here',
  go: 'Go on to the provider',
}
export const providerProblems = {
  provider_refused: 'No account here is linked to it, or the way back was too late. Sign in with your password and link it under More.',
  provider_unavailable: 'The provider does not answer. Sign in with your password.',
}
