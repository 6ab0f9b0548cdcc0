// node oidc-provider as the benchmark's peer: one process, everything in memory.
//
// Arguments: the port. The secret of the client "bench" comes from BENCH_CLIENT_SECRET.
// The resource `urn:bench:jwt` gets ES256 access tokens as JWTs; `urn:bench:opaque` gets opaque
// ones, because this server introspects no others.

import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const JWT = 'urn:bench:jwt';
const SCOPE = 'sensor:read';

const port = Number(process.argv[2]);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signingKey = { ...privateKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' };

const resourceServer = (_context, resource) => ({
  scope: SCOPE,
  audience: resource,
  accessTokenFormat: resource === JWT ? 'jwt' : 'opaque',
  ...(resource === JWT && { jwt: { sign: { alg: 'ES256' } } }),
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'bench',
    client_secret: process.env.BENCH_CLIENT_SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: SCOPE,
    id_token_signed_response_alg: 'ES256',
  }],
  scopes: [SCOPE],
  jwks: { keys: [signingKey] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  ttl: { ClientCredentials: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => JWT,
      getResourceServerInfo: resourceServer,
    },
  },
});

provider.listen(port, '127.0.0.1');
