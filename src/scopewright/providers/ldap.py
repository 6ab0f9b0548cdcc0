"""A directory: find the person's entry, then bind as it with the password that they typed.

Over TLS, unless the directory is on this machine. The names of arguments are those of Tiled's.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ldap3 import BASE, NONE, SUBTREE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException

from scopewright.core import ldap
from scopewright.core.attempts import is_name, is_password
from scopewright.core.errors import Invalid
from scopewright.core.loopback import is_loopback
from scopewright.providers.arguments import Arguments
from scopewright.providers.ways import Proven, Unusable

SECONDS = 5
# What a directory answers to a bind of somebody who may not: no such object, a name that is none,
# inappropriate, wrong, no right, unwilling (RFC 4511 Appendix A).
_REFUSED = frozenset({32, 34, 48, 49, 50, 53})
_MEMBER = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))"

Entry = tuple[str, Mapping[str, Sequence[str]]]  # its distinguished name; attributes in lower case


class Ldap:
    """Looks people up where `lookup_dn` says so; else their entries stand by `bind_dn_template`."""

    def __init__(self, server_address: str, **more: Any) -> None:
        """Raises Invalid where an argument is missing, unknown, or sends passwords in clear."""
        given = Arguments(more)
        self._server, self._starts_tls = _server(server_address, given)
        self._looks_up = given.flag("lookup_dn")
        self._user = given.text("lookup_dn_search_user")
        self._password = given.text("lookup_dn_search_password")
        self._base = given.text("user_search_base")
        self._filter = given.text("lookup_dn_search_filter", "({login_attr}={login})")
        self._attribute = given.text("user_attribute", "uid").lower()
        self._email = given.text("email_attribute", "mail").lower()
        self._templates = given.texts("bind_dn_template")
        self._allowed = given.texts("allowed_groups")
        self._group_base = given.text("group_search_base")
        self._state = given.texts("auth_state_attributes")
        given.end()
        self._check()

    def _check(self) -> None:
        if self._looks_up and not (self._base and self._user and self._password):
            raise Invalid(
                "lookup_dn needs user_search_base, lookup_dn_search_user and"
                " lookup_dn_search_password"
            )
        if self._looks_up and ldap.places(self._filter) - {"login_attr"} != {"login"}:
            raise Invalid("lookup_dn_search_filter is to have {login} in it")
        if not self._looks_up and not self._templates:
            raise Invalid("set lookup_dn, or a bind_dn_template")
        for template in self._templates:
            if ldap.places(template) != {"username"}:
                raise Invalid("bind_dn_template is to have {username} in it")

    def authenticate(self, username: str, password: str) -> Proven | None:
        """Whoever the directory knows by this name and password."""
        if not (is_name(username) and is_password(password)):
            return None
        try:
            if self._looks_up:
                found = self._found(username)
                return None if found is None else self._bound(found, username, password)
            values = {"username": username}
            names = (ldap.filled(one, values, ldap.in_dn) for one in self._templates)
            tried = (self._bound(dn, username, password) for dn in names)
            return next((proven for proven in tried if proven is not None), None)
        except LDAPException as error:
            raise Unusable(type(error).__name__) from None

    # --- asking ---------------------------------------------------------------------------------

    @contextmanager
    def _connected(self, dn: str, password: str) -> Iterator[Connection | None]:
        """A connection of whoever this is; None where the directory refuses them."""
        # As octets the password goes as it was typed; as a text it would be prepared and perhaps
        # refused.
        as_typed: Any = password.encode()
        connection = Connection(
            self._server,
            user=dn,
            password=as_typed,
            receive_timeout=SECONDS,
            auto_referrals=False,
            read_only=True,
            check_names=False,
        )
        try:
            connection.open()
            if self._starts_tls and not connection.start_tls():
                raise Unusable("it does not start TLS")
            is_bound = connection.bind()
            if not is_bound and connection.result["result"] not in _REFUSED:
                raise Unusable(f"it answers {connection.result['description']}")
            yield connection if is_bound else None
        finally:
            with suppress(LDAPException):
                connection.unbind()

    def _found(self, username: str) -> str | None:
        """The name of the one entry that is this person's."""
        values = {"login_attr": self._attribute, "login": username}
        with self._connected(self._user, self._password) as connection:
            if connection is None:
                raise Unusable("it refuses lookup_dn_search_user")
            wanted = ldap.filled(self._filter, values, ldap.in_filter)
            entries = _search(connection, self._base, wanted, SUBTREE)
        return entries[0][0] if len(entries) == 1 else None

    def _bound(self, dn: str, username: str, password: str) -> Proven | None:
        with self._connected(dn, password) as connection:
            if connection is None:
                return None
            own = _search(connection, dn, "(objectClass=*)", BASE)
            attributes = own[0][1] if own else {}
            # The directory's own spelling: to it Ann and ann are one.
            subject = _first(attributes, self._attribute) or username.casefold()
            groups = list(self._groups(connection, dn, subject))
        if self._allowed and not {group for group, _ in groups} & set(self._allowed):
            return None
        return self._proven(subject, attributes, groups)

    def _groups(self, connection: Connection, dn: str, subject: str) -> Iterator[Entry]:
        """The groups that count which the person is in, each by the name that it is asked by."""
        wanted = ldap.filled(_MEMBER, {"dn": dn, "name": subject}, ldap.in_filter)
        for group in self._allowed:
            for _, attributes in _search(connection, group, wanted, BASE):
                yield group, attributes
        if self._group_base:
            yield from _search(connection, self._group_base, wanted, SUBTREE)

    def _proven(
        self, subject: str, attributes: Mapping[str, Sequence[str]], groups: Sequence[Entry]
    ) -> Proven:
        names = {_first(said, "cn") for _, said in groups}
        state = {
            one: list(attributes[one.lower()]) for one in self._state if one.lower() in attributes
        }
        return Proven(
            subject,
            name=_first(attributes, "cn") or subject,
            email=_first(attributes, self._email),
            groups=frozenset(name for name in names if name is not None),
            state=state,
        )


def _server(address: str, given: Arguments) -> tuple[Server, bool]:
    """The directory, and whether TLS is begun on a plain connection to it."""
    uses_ssl, is_here = given.flag("use_ssl"), is_loopback(address)
    starts_tls = given.flag("use_tls", default=not (uses_ssl or is_here))
    if uses_ssl and starts_tls:
        raise Invalid("use_ssl and use_tls are two ways: choose one")
    if not (uses_ssl or starts_tls or is_here):
        raise Invalid("passwords go to a directory by TLS alone: leave use_tls out, or set use_ssl")
    tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=given.text("ca_file") or None)
    port = given.number("server_port", default=636 if uses_ssl else 389)
    server = Server(
        address, port, use_ssl=uses_ssl, tls=tls, get_info=NONE, connect_timeout=SECONDS
    )
    return server, starts_tls


def _search(connection: Connection, base: str, wanted: str, scope: Any) -> list[Entry]:
    """The entries that fit; none where there is nothing, or nothing that one may see."""
    connection.search(base, wanted, scope, attributes=["*"], size_limit=1000, time_limit=SECONDS)
    found = [one for one in connection.response or () if one["type"] == "searchResEntry"]
    return [(one["dn"], _texts(one["raw_attributes"])) for one in found]


def _texts(raw: Mapping[str, Sequence[bytes]]) -> dict[str, list[str]]:
    """The attributes that are texts; a picture is none."""
    texts = {}
    for name, values in raw.items():
        with suppress(UnicodeDecodeError):
            texts[name.lower()] = [value.decode() for value in values]
    return texts


def _first(attributes: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = attributes.get(name, ())
    return values[0] if values else None
