"""Trusted outside issuers: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from scopewright.api.bodies import NewTrustedIssuer, TrustedIssuerChange
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.trusted_issuers import Rule, TrustedIssuer
from scopewright.services.trusted_issuers import TrustSettings


class RuleShape(BaseModel):
    """Assertions with all of these claims speak for the client."""

    claims: dict[str, str | int | bool]
    client_id: str


class TrustedIssuerShape(BaseModel):
    """An outside issuer with the rules that say for which clients its assertions speak."""

    id: str
    issuer: str
    audience: str
    jwks_uri: str | None
    jwks: dict[str, Any] | None
    rules: list[RuleShape]
    single_use: bool
    created_at: datetime

    @classmethod
    def of(cls, trusted: TrustedIssuer) -> TrustedIssuerShape:
        return cls(
            id=trusted.id,
            issuer=trusted.issuer,
            audience=trusted.audience,
            jwks_uri=trusted.jwks_uri,
            jwks=None if trusted.jwks is None else dict(trusted.jwks),
            rules=[
                RuleShape(claims=dict(rule.claims), client_id=rule.client_id)
                for rule in trusted.rules
            ],
            single_use=trusted.is_single_use,
            created_at=trusted.created_at,
        )


def index(ask: AskHere, window: WindowHere) -> Listed[TrustedIssuerShape]:
    """The outside issuers that the workspace trusts."""
    page = ask.services.trusted_issuers.page(ask.caller, window=window)
    return ask.listed(page, TrustedIssuerShape.of)


def show(ask: AskHere, id: str) -> TrustedIssuerShape:
    """One trusted issuer."""
    return TrustedIssuerShape.of(ask.services.trusted_issuers.show(ask.caller, id=id))


def trust(ask: AskHere, body: NewTrustedIssuer) -> TrustedIssuerShape:
    """Let an outside issuer speak for clients; it takes all that they hold to do so."""
    trusted = ask.services.trusted_issuers.trust(
        ask.caller, issuer=body.issuer, settings=_settings(body)
    )
    return TrustedIssuerShape.of(trusted)


def change(ask: AskHere, id: str, body: TrustedIssuerChange) -> TrustedIssuerShape:
    """Change what is named, null counts as not named; rules replace the present ones."""
    trusted = ask.services.trusted_issuers.change(ask.caller, id=id, settings=_settings(body))
    return TrustedIssuerShape.of(trusted)


def distrust(ask: AskHere, id: str) -> Response:
    """Stop trusting an issuer; tokens that it has brought about live until they expire."""
    ask.services.trusted_issuers.distrust(ask.caller, id=id)
    return Response(status_code=204)


def _settings(body: NewTrustedIssuer | TrustedIssuerChange) -> TrustSettings:
    rules = None
    if body.rules is not None:
        rules = tuple(Rule(dict(rule.claims), rule.client_id) for rule in body.rules)
    return TrustSettings(
        audience=body.audience,
        jwks_uri=body.jwks_uri,
        jwks=body.jwks,
        rules=rules,
        is_single_use=body.single_use,
    )
