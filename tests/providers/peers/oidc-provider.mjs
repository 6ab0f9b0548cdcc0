// node oidc-provider, by https on a free port of loopback, everything in memory.
//
// Reads one line of JSON: the PEM files `certificate` and `key`, the `redirect_uri` and `secret` of
// the client "us", the `audience` of its access tokens, which are JWTs. Tells its issuer in one.
// Each further line is answered when it has done what it says: "rotate" takes new signing keys.
// Whoever signs in is who they say they are, and is of the staff.

import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

console.info = () => {}; // its advice to operators would stand among the answers
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = (value) => console.log(JSON.stringify(value));
const use = JSON.parse((await lines.next()).value);

const server = createServer({ cert: readFileSync(use.certificate), key: readFileSync(use.key) });
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `https://localhost:${server.address().port}`;

let turn = 0;
const signingKeys = () => {
  turn += 1;
  const es = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rs = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return [
    { ...es.export({ format: 'jwk' }), kid: `es-${turn}`, alg: 'ES256', use: 'sig' },
    { ...rs.export({ format: 'jwk' }), kid: `rs-${turn}`, alg: 'RS256', use: 'sig' },
  ];
};

const client = (client_id, redirect_uri, more) => ({
  client_id,
  redirect_uris: [redirect_uri],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  ...more,
});

const configuration = () => ({
  clients: [
    client('us', use.redirect_uri, { client_secret: use.secret }),
    client('a-program', 'http://127.0.0.1/callback', {
      application_type: 'native', token_endpoint_auth_method: 'none',
    }),
  ],
  scopes: ['openid', 'groups', 'sensor:read', 'video:gold'],
  claims: { openid: ['sub'], profile: ['name'], groups: ['groups'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['one that signs nothing of worth'] },
  jwks: { keys: signingKeys() },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} of the staff`, groups: ['staff'] }),
  }),
  extraTokenClaims: () => ({ groups: ['staff'] }),
  features: {
    resourceIndicators: {
      enabled: true,
      defaultResource: () => use.audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, audience) => ({
        scope: 'sensor:read video:gold',
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

let answer;
const begin = () => { answer = new Provider(issuer, configuration()).callback(); };
begin();
server.on('request', (request, response) => answer(request, response));
told({ issuer });

for await (const line of lines) {
  if (line === 'rotate') begin();
  told({ done: line });
}
server.closeAllConnections();
server.close();
