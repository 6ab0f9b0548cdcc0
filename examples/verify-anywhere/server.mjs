// A resource server for Node.js 18 or later with jose 6 (npm install jose):
//
//     ISSUER=https://auth.example/w/0192… AUDIENCE=0192… PORT=8000 node server.mjs
import { createServer } from "node:http";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { ISSUER: issuer, AUDIENCE: audience, PORT: port } = process.env;
const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`)); // fetched once, and for an unknown kid
const good = {
  issuer,
  audience,
  typ: "at+jwt", // RFC 9068: an ID token is no access token
  algorithms: ["ES256"], // never the token's own choice
  requiredClaims: ["exp", "iat", "jti", "sub", "client_id"],
};
const OUTAGES = ["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"];

/** Who sends this `Authorization` header: status 200 and the claims, or how to refuse. */
async function check(authorization, scope) {
  const [, token] = /^Bearer ([\w.-]+)$/i.exec(authorization ?? "") ?? [];
  if (!token) return { status: 401, challenge: `Bearer scope="${scope}"` };
  let claims;
  try {
    claims = (await jwtVerify(token, keys, good)).payload;
  } catch (error) {
    const isOutage = !(error instanceof errors.JOSEError) || OUTAGES.includes(error.code);
    return isOutage ? { status: 503 } : { status: 401, challenge: 'Bearer error="invalid_token"' };
  }
  if (claims.cnf) {
    // Bound to a key of its client (RFC 9449, RFC 8705), whose proof nobody here looks at.
    return { status: 401, challenge: 'Bearer error="invalid_token"' };
  }
  if (!String(claims.scope ?? "").split(" ").includes(scope)) {
    return { status: 403, challenge: `Bearer error="insufficient_scope", scope="${scope}"` };
  }
  return { status: 200, claims };
}

createServer(async (request, response) => {
  const { status, challenge, claims } = await check(request.headers.authorization, "sensor:read");
  response.writeHead(status, challenge ? { "WWW-Authenticate": challenge } : {});
  response.end(claims ? `21.5 for ${claims.sub}\n` : "");
}).listen(Number(port), "127.0.0.1");
