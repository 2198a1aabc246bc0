// A real OpenID provider for the tests of the server: `node openid-provider.mjs PORT CALLBACK`.
// It takes any login with any password, as the person of that name, and an address of mail that seems to be verified.
import { Provider } from 'oidc-provider'

const [port, callback] = process.argv.slice(2)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'anxun', client_secret: 'a secret of the tests alone', redirect_uris: [callback] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  // Where no access token is asked for the address, the claims stand in the ID token.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ['of the tests alone'] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
  }),
})
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'))
