"""The ways by which a person proves who they are: who may have one, and which stands for good."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from scopewright.core.errors import Conflict, Invalid
from scopewright.core.model import EMAIL_PROVIDER, Identity, Principal, PrincipalKind, SignIn
from scopewright.core.names import check_email

PEOPLE = frozenset({PrincipalKind.MEMBER, PrincipalKind.END_USER})
NOTED_EVERY = timedelta(minutes=1)
LONGEST_SUBJECT = 255

_PROVIDER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_UNNAMEABLE = re.compile(r"[\x00-\x20/\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class LinkedIdentity:
    """An identity as one principal's. It counts for what is signed in after `signed_out_at`."""

    principal_id: str
    identity: Identity
    linked_by: str
    linked_at: datetime
    last_used_at: datetime | None = None
    signed_out_at: datetime | None = None

    def accepts(self, sign_in: SignIn) -> bool:
        """Whether a browser's sign-in is from after its person was last signed out here."""
        return self.accepts_of(sign_in.authenticated_at)

    def accepts_of(self, moment: datetime) -> bool:
        """The same of whatever proves the identity, and was made then."""
        return self.signed_out_at is None or self.signed_out_at < moment

    def is_worth_noting(self, now: datetime) -> bool:
        """Whether a use now is to be remembered: the last one is a minute old."""
        return self.last_used_at is None or self.last_used_at + NOTED_EVERY <= now


def email_identity(address: str) -> Identity:
    """The identity that a letter to this address proves."""
    return Identity(EMAIL_PROVIDER, address)


def user_name(principal: Principal) -> str:
    """What resource servers know a principal by: a person's user name, anybody else's id.

    A user name is the subject of the identity that a person is called by, as tokens tell it.
    """
    return principal.id if principal.identity is None else principal.identity.subject


def check_identity(provider: str, subject: str) -> Identity:
    """An identity as it may be linked; an address in lower case.

    Raises:
        Invalid: no provider is called so, or nobody could be named so in a path.
    """
    if _PROVIDER.fullmatch(provider) is None:
        raise Invalid(
            "A provider is called by 1 to 64 letters, digits and inner _ and -.", field="provider"
        )
    if provider == EMAIL_PROVIDER:
        return email_identity(check_email(subject, field="subject"))
    if not 1 <= len(subject) <= LONGEST_SUBJECT or _UNNAMEABLE.search(subject):
        raise Invalid(
            "A subject has 1 to 255 visible characters, no space and no / among them.",
            field="subject",
        )
    return Identity(provider, subject)


def check_person(principal: Principal) -> None:
    """Let somebody be signed in, or out.

    Raises:
        Conflict: it is a program or a group, which never signs in.
    """
    if principal.kind not in PEOPLE:
        raise Conflict("Only members and end-users sign in.", conflict="kind")


def check_unlinkable(principal: Principal, identity: Identity) -> None:
    """Let an identity be taken from a principal.

    Raises:
        Conflict: it is the one that the principal is called by.
    """
    if principal.identity == identity:
        raise Conflict(
            "The principal is called by this identity. It goes with the principal.",
            conflict="identity",
        )
