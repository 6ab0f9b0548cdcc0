// openid-client drives the server as an OpenID relying party would: discovery, ID tokens, pushed
// requests, DPoP, signed assertions, the device flow, logout. One JSON object a line, as in
// oauth4webapi.mjs.
import { createInterface } from 'node:readline'
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
const oidc = await import('openid-client')

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const hear = async () => JSON.parse((await lines.next()).value)
const tell = (step, facts = {}) => console.log(JSON.stringify({ step, ...facts }))
const use = await hear()

async function configured(client, authentication) {
  const metadata = { client_id: client.id }
  return oidc.discovery(new URL(use.issuer), client.id, metadata, authentication, {
    execute: [oidc.allowInsecureRequests], // loopback has no certificates
  })
}

async function refused(step, promise) {
  try {
    await promise
    tell(step, { refused: false })
  } catch (error) {
    tell(step, { refused: true, status: error.status ?? null, error: error.error ?? null })
  }
}

async function signedIn(config, more = {}, options = {}) {
  const verifier = oidc.randomPKCECodeVerifier()
  const checks = { expectedNonce: oidc.randomNonce(), expectedState: oidc.randomState() }
  const parameters = {
    redirect_uri: use.redirect_uri,
    scope: `openid email offline_access ${use.scope}`,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  }
  const build = options.push ? oidc.buildAuthorizationUrlWithPAR : oidc.buildAuthorizationUrl
  const url = await build(config, parameters, options.push ? { DPoP: options.DPoP } : undefined)
  tell('authorize', { url })
  const { callback } = await hear()
  const tokens = await oidc.authorizationCodeGrant(
    config, new URL(callback), { pkceCodeVerifier: verifier, idTokenExpected: true, ...checks },
    undefined, { DPoP: options.DPoP },
  )
  return { tokens, claims: tokens.claims(), url }
}

async function party(name, client, authentication) {
  const config = await configured(client, authentication)
  const { tokens, claims } = await signedIn(config)
  const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
  const next = await oidc.refreshTokenGrant(config, tokens.refresh_token)
  tell(`${name}: signed in`, {
    audience: claims.aud, email: info.email, scope: tokens.scope,
    same: next.claims().sub === claims.sub, sid: claims.sid === next.claims().sid,
  })
  await oidc.tokenRevocation(config, next.refresh_token)
  await refused(`${name}: after revocation`, oidc.refreshTokenGrant(config, next.refresh_token))
}

await party('phone', use.phone, oidc.None())
await party('app', use.app, oidc.ClientSecretPost(use.app.secret))

// private_key_jwt, a pushed request and DPoP together, as FAPI 2.0 has it
const keys = await crypto.subtle.importKey(
  'jwk', use.signed.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'],
)
const key = { key: keys, kid: use.signed.jwk.kid }
const signed = await configured(use.signed, oidc.PrivateKeyJwt(key))
const DPoP = oidc.getDPoPHandle(signed, await oidc.randomDPoPKeyPair('ES256'))
const bound = await signedIn(signed, {}, { push: true, DPoP })
const about = await oidc.fetchUserInfo(signed, bound.tokens.access_token, bound.claims.sub, { DPoP })
tell('signed: pushed and bound', {
  type: bound.tokens.token_type,
  pushed: bound.url.searchParams.has('request_uri') && !bound.url.searchParams.has('scope'),
  email: about.email,
})
await refused(
  'signed: bound token without proof',
  oidc.fetchUserInfo(signed, bound.tokens.access_token, bound.claims.sub),
)
const strange = await crypto.subtle.generateKey(
  { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'],
)
const stranger = await configured(
  use.signed, oidc.PrivateKeyJwt({ key: strange.privateKey, kid: use.signed.jwk.kid }),
)
const stolen = oidc.refreshTokenGrant(stranger, bound.tokens.refresh_token)
await refused('signed: with a strange key', stolen)

// a device without a browser
const device = await configured(use.device, oidc.None())
const asked = await oidc.initiateDeviceAuthorization(device, { scope: `openid ${use.scope}` })
tell('device', { url: asked.verification_uri_complete })
await hear()
const polled = await oidc.pollDeviceAuthorizationGrant(device, asked)
tell('device: signed in', { scope: polled.scope, audience: polled.claims().aud })

const leaving = oidc.buildEndSessionUrl(signed, { id_token_hint: bound.tokens.id_token })
tell('logout', { url: leaving })
await hear()
tell('done')
process.exit(0)
