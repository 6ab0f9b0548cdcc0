"""An issuer for tests: real keys and real HTTP on the loopback interface, but no accounts.

It believes everybody. It serves keys, tokens, introspection and the revocation feed as
Scopewright does.
"""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from scopewright.clock import Clock, system_clock
from scopewright.core import base64url
from scopewright.guard.dpop import thumbprint
from scopewright.guard.guard import Guard
from scopewright.guard.revocations import feed_key

LIFETIME = timedelta(minutes=5)


class FakeIssuer:
    """`with FakeIssuer() as issuer: issuer.token("sensor:read")`.

    `requests` lists the paths that were asked for, so a test can count them.
    """

    audience = "0192f0c1-7e57-7000-8000-000000000001"
    credential = "fake-guard:fake-secret"

    def __init__(self, *, clock: Clock = system_clock) -> None:
        self._clock, self._serial = clock, count(1)
        self._guards: list[Guard] = []
        self._opaque: dict[str, dict[str, Any]] = {}
        self._revocations: list[dict[str, Any]] = []
        self._proof_key = ec.generate_private_key(ec.SECP256R1())
        self.requests: list[str] = []
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.rotate()
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/w/{self.audience}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> FakeIssuer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for guard in self._guards:
            guard.close()
        self._server.shutdown()
        self._server.server_close()

    def guard(self, **options: Any) -> Guard:
        """A guard for this issuer, which may ask about API keys; closed with the issuer."""
        chosen = {"credential": self.credential, "clock": self._clock, **options}
        guard = Guard(self.issuer, self.audience, **chosen)
        self._guards.append(guard)
        return guard

    def token(self, *scopes: str, **claims: Any) -> str:
        """A signed access token. A claim given as None is left out."""
        now = int(self._clock().timestamp())
        known = {
            "iss": self.issuer,
            "sub": "fake-client",
            "aud": self.audience,
            "client_id": "fake-client",
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
            "jti": f"fake-token-{next(self._serial)}",
            **claims,
        }
        kid, key = list(self.keys.items())[-1]
        said = {name: value for name, value in known.items() if value is not None}
        return sign(said, {"typ": "at+jwt", "alg": "ES256", "kid": kid}, key)

    def headers(self, *scopes: str, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*scopes, **claims)}"}

    def dpop_headers(
        self, method: str, url: str, *scopes: str, nonce: str | None = None, **claims: Any
    ) -> dict[str, str]:
        """A token bound to a key (RFC 9449), with the proof for one request to this URL."""
        jwk = public_jwk("fake-dpop-key", self._proof_key)
        token = self.token(*scopes, **{"cnf": {"jkt": thumbprint(jwk)}, **claims})
        said = {
            "jti": f"fake-proof-{next(self._serial)}",
            "htm": method,
            "htu": url,
            "iat": int(self._clock().timestamp()),
            "ath": base64url.sha256(token.encode()),
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        proof = sign(said if nonce is None else {**said, "nonce": nonce}, header, self._proof_key)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def api_key(self, *scopes: str, **answer: Any) -> str:
        """An API key that introspection knows; `answer` adds to what is said of it."""
        key = f"swk_fake{next(self._serial)}_secret"
        said = {"active": True, "sub": "fake-client", "scope": " ".join(scopes)}
        here = {"iss": self.issuer, "aud": self.audience, "token_type": "Bearer"}
        self._opaque[key] = {**said, **here, **answer}
        return key

    def forget(self, api_key: str) -> None:
        del self._opaque[api_key]

    def revoke(self, kind: str, identifier: str) -> None:
        """Puts a token (`jti`), session, client or principal into the feed."""
        now = self._clock()
        times = {"at": now.isoformat(), "forget_at": (now + LIFETIME).isoformat()}
        self._revocations.append({"kind": kind, "key": feed_key(kind, identifier), **times})

    def rotate(self, *, forget: bool = False) -> None:
        """Signs with a new key from now on; `forget` takes the old ones out of the JWKS."""
        if forget:
            self.keys.clear()
        self.keys[f"fake-key-{next(self._serial)}"] = ec.generate_private_key(ec.SECP256R1())

    def answer(self, path: str, query: dict[str, list[str]]) -> dict[str, Any] | None:
        """What the server says at a path under the issuer; `query` is of the URL or the form."""
        match path:
            case "/jwks":
                return {"keys": [public_jwk(kid, key) for kid, key in self.keys.items()]}
            case "/introspect":
                return self._opaque.get(query["token"][0], {"active": False})
            case "/revocations":
                after = int(query.get("after", ["0"])[0])
                return {"data": self._revocations[after:], "version": len(self._revocations)}
            case "/token":
                scope = query.get("scope", [""])[0]
                said = {"access_token": self.token(*scope.split()), "token_type": "Bearer"}
                return {**said, "expires_in": int(LIFETIME.total_seconds()), "scope": scope}
        return None


class _Handler(BaseHTTPRequestHandler):
    fake: ClassVar[FakeIssuer]

    def do_GET(self) -> None:
        self._respond(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._respond(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _respond(self, query: str) -> None:
        path = urlsplit(self.path).path.removeprefix(urlsplit(self.fake.issuer).path)
        self.fake.requests.append(path)
        answer = self.fake.answer(path, parse_qs(query))
        body = json.dumps(answer).encode()
        self.send_response(200 if answer is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing on the test's terminal."""


def sign(claims: dict[str, Any], header: dict[str, Any], key: ec.EllipticCurvePrivateKey) -> str:
    """A compact JWS with ES256 (RFC 7515 §7.1, RFC 7518 §3.4)."""
    signed = ".".join(base64url.encoded(json.dumps(part).encode()) for part in (header, claims))
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{base64url.encoded(r.to_bytes(32) + s.to_bytes(32))}"


def public_jwk(kid: str, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The public half, for a JWK set (RFC 7517 §4)."""
    numbers = key.public_key().public_numbers()
    x, y = (base64url.encoded(one.to_bytes(32)) for one in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y}
