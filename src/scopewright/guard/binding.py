"""Tokens that are bound to a key: the request has to show it (RFC 9449, RFC 8705 §3)."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from scopewright.clock import Clock
from scopewright.core.confirmation import is_confirmed
from scopewright.core.errors import InvalidDpopProof
from scopewright.guard.dpop import Proof, Purpose, check_proof
from scopewright.guard.jws import refused
from scopewright.guard.memory import Spent
from scopewright.guard.nonces import Nonces
from scopewright.guard.possession import Possession
from scopewright.guard.verifier import Claims

_SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True)
class Binding:
    """How a guard treats bound tokens. A bound one never passes without its key, whatever is here.

    With `dpop_required`, tokens without a DPoP key are refused. With `nonce_secret`, which all
    processes of the service share, every proof needs a nonce of the service's (RFC 9449 §9).
    `certificates` says that TLS client certificates reach this service: by ASGI's TLS extension or
    WSGI's `SSL_CLIENT_CERT`; or, from the addresses of `trusted_proxies` alone, in
    `certificate_header`. `proofs` is how many are remembered, so that each counts once.
    """

    dpop_required: bool = False
    nonce_secret: bytes | None = None
    certificates: bool = False
    certificate_header: str | None = None
    trusted_proxies: frozenset[str] = frozenset()
    proofs: int = 100_000

    def __post_init__(self) -> None:
        if self.nonce_secret is not None and len(self.nonce_secret) < _SHORTEST_SECRET:
            raise ValueError(f"a nonce_secret has at least {_SHORTEST_SECRET} bytes")


class BoundTokens:
    """Holds the tokens of one service against what its requests show; `resource` is its URL."""

    def __init__(self, binding: Binding, *, resource: str | None, clock: Clock) -> None:
        self.binding, self._clock = binding, clock
        self._origin = None if resource is None else _origin(resource)
        secret = binding.nonce_secret
        self._nonces = None if secret is None else Nonces(secret)
        self._spent = Spent(binding.proofs)

    def check(self, token: str, claims: Claims, shown: Possession, *, is_under_dpop: bool) -> None:
        """Let a token pass whose keys the request shows.

        Raises:
            InvalidToken: it is bound to another key, or presented as if it were not bound.
            InvalidDpopProof, UseDpopNonce: as `guard.dpop.check_proof`.
            Unavailable: more proofs came than can be remembered.
        """
        if self.binding.dpop_required and not is_under_dpop:
            raise refused("not under DPoP")
        proof = self._proof(token, shown) if is_under_dpop else None
        jkt = None if proof is None else proof.jkt
        if not is_confirmed(claims.values.get("cnf"), jkt=jkt, x5t_s256=shown.x5t_s256):
            raise refused("cnf")
        if proof is not None and proof.hash not in shown.spent:
            self._spend(proof)
            shown.spent.add(proof.hash)

    def fresh_nonce(self) -> str | None:
        """The nonce to hand out now, where proofs need one."""
        return None if self._nonces is None else self._nonces.at(self._clock())

    def _spend(self, proof: Proof) -> None:
        if not self._spent.take(proof.hash, until=proof.good_until, now=self._clock()):
            raise InvalidDpopProof("The DPoP proof was used before.", cause="jti")

    def _proof(self, token: str, shown: Possession) -> Proof:
        if self._origin is None:  # what a request says about its own host proves nothing
            raise refused("a DPoP proof is for a URL: give the guard its `resource`")
        purpose = Purpose(
            shown.method,
            self._origin + shown.path,
            token,
            nonces=self._nonces,
            nonce_required=self._nonces is not None,
        )
        return check_proof(shown.proofs, purpose, now=self._clock())


def _origin(resource: str) -> str:
    url = httpx.URL(resource)
    return f"{url.scheme}://{url.netloc.decode()}"
