// oauth4webapi drives the server as a stranger would. One JSON object a line: first it is told
// what to use, then it tells each step; after `authorize` it is told where the browser ended.
import { webcrypto } from 'node:crypto'
import { createInterface } from 'node:readline'

globalThis.crypto ??= webcrypto // node 18 has it, but not as a global
const oauth = await import('oauth4webapi')

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const hear = async () => JSON.parse((await lines.next()).value)
const tell = (step, facts = {}) => console.log(JSON.stringify({ step, ...facts }))

const plain = { [oauth.allowInsecureRequests]: true } // loopback has no certificates
const use = await hear()

async function discovered(algorithm) {
  const url = new URL(use.issuer)
  const answer = await oauth.discoveryRequest(url, { algorithm, ...plain })
  return oauth.processDiscoveryResponse(url, answer)
}

async function refused(step, promise) {
  try {
    await promise
    tell(step, { refused: false })
  } catch (error) {
    const scheme = error.cause?.[0]?.scheme
    tell(step, { refused: true, status: error.status, error: error.error ?? null, scheme })
  }
}

const as = await discovered('oidc')
const same = JSON.stringify(as) === JSON.stringify(await discovered('oauth2'))
tell('discovery', { same, issuer: as.issuer })

async function code(client) {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(as.authorization_endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: use.redirect_uri,
    scope: use.scope,
    state,
    nonce: oauth.generateRandomNonce(),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  tell('authorize', { url })
  const { callback } = await hear()
  return { verifier, parameters: oauth.validateAuthResponse(as, client, new URL(callback), state) }
}

async function redeemed(client, authentication, { parameters, verifier }) {
  const answer = await oauth.authorizationCodeGrantRequest(
    as, client, authentication, parameters, use.redirect_uri, verifier, plain,
  )
  return oauth.processAuthorizationCodeResponse(as, client, answer)
}

async function refreshed(client, authentication, token) {
  const answer = await oauth.refreshTokenGrantRequest(as, client, authentication, token, plain)
  return oauth.processRefreshTokenResponse(as, client, answer)
}

async function introspected(token) {
  const answer = await oauth.introspectionRequest(as, machine, machineSecret, token, plain)
  return oauth.processIntrospectionResponse(as, machine, answer)
}

async function revoked(client, authentication, token) {
  const answer = await oauth.revocationRequest(as, client, authentication, token, plain)
  return oauth.processRevocationResponse(answer)
}

async function verified(token) {
  const headers = { authorization: `Bearer ${token}` }
  const request = new Request('http://resource.example/', { headers })
  return oauth.validateJwtAccessToken(as, request, use.audience, plain)
}

async function person(name, client, authentication) {
  const first = await code(client)
  const other = { ...first, verifier: oauth.generateRandomCodeVerifier() }
  await refused(`${name}: wrong verifier`, redeemed(client, authentication, other))
  const tokens = await redeemed(client, authentication, first)
  const claims = await verified(tokens.access_token)
  tell(`${name}: code`, { scope: tokens.scope, type: tokens.token_type, sub: claims.sub })

  const answer = await oauth.userInfoRequest(as, client, tokens.access_token, plain)
  const info = await oauth.processUserInfoResponse(as, client, claims.sub, answer)
  tell(`${name}: userinfo`, { email: info.email })

  const next = await refreshed(client, authentication, tokens.refresh_token)
  tell(`${name}: refresh`, {
    scope: next.scope,
    rotated: next.refresh_token !== tokens.refresh_token,
    same_subject: (await verified(next.access_token)).sub === claims.sub,
  })

  tell(`${name}: introspection`, await introspected(next.access_token))
  await revoked(client, authentication, next.refresh_token)
  const after = await introspected(next.access_token)
  tell(`${name}: revocation`, { active: after.active })
  const gone = refreshed(client, authentication, next.refresh_token)
  await refused(`${name}: refresh after revocation`, gone)

  const second = await code(client)
  const kept = await redeemed(client, authentication, second)
  await refused(`${name}: code again`, redeemed(client, authentication, second))
  const ended = refreshed(client, authentication, kept.refresh_token)
  await refused(`${name}: refresh after the replay`, ended)
}

const machine = { client_id: use.machine.id }
const machineSecret = oauth.ClientSecretBasic(use.machine.secret)

async function program(authentication) {
  const answer = await oauth.clientCredentialsGrantRequest(
    as, machine, authentication, { scope: use.scope }, plain,
  )
  return oauth.processClientCredentialsResponse(as, machine, answer)
}

for (const authentication of [machineSecret, oauth.ClientSecretPost(use.machine.secret)]) {
  const tokens = await program(authentication)
  const claims = await verified(tokens.access_token)
  tell('program: client credentials', { scope: tokens.scope, sub: claims.sub })
  tell('program: introspection', await introspected(tokens.access_token))
  await revoked(machine, authentication, tokens.access_token)
  tell('program: revocation', { active: (await introspected(tokens.access_token)).active })
}
await refused('program: wrong secret', program(oauth.ClientSecretBasic('sws_wrong')))

await person('phone', { client_id: use.phone.id }, oauth.None())
await person('app', { client_id: use.app.id }, oauth.ClientSecretBasic(use.app.secret))
tell('done')
process.exit(0)
