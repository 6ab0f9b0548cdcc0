"""Applications: products with scopes and roles of their own, named by one grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from scopewright.core.errors import Invalid
from scopewright.core.names import check_name, is_name

LONGEST_NAME = 20
LONGEST_URL = 2000
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_UNSAFE_IN_URL = re.compile(r"[^\x21-\x7e]|[\\<>\"{}|^`#]")
_NAME = re.compile(rf"[a-z][a-z0-9]{{0,{LONGEST_NAME - 1}}}")
_ROLE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Application:
    """A product with its own scopes, roles and launchpad tile. Its name never changes.

    `resource` is its URI as an audience (RFC 8707). Its roles can be assigned from `registered_at`
    on.
    """

    id: str
    workspace_id: str
    name: str
    title: str
    created_at: datetime
    launch_url: str | None = None
    resource: str | None = None
    registered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApplicationNames:
    """How names of applications are spelled: data of a catalogue.

    `role` has the places `{tenant}`, `{application}` and `{role}`; `roles` are born with each
    application. A scope is always `{application}.{scope}`.
    """

    role: str = "{application}.{role}"
    roles: tuple[str, ...] = ("admin", "user")

    def role_name(self, *, tenant: str, application: str, role: str) -> str:
        """The full name of an application's role.

        Raises:
            Invalid: the role's own name is outside the grammar.
        """
        if _ROLE.fullmatch(role) is None:
            raise Invalid(
                "A role's own name has letters, digits and _ - . and begins and ends with a letter"
                " or digit.",
                field="name",
            )
        full = self.role.format(tenant=tenant, application=application, role=role)
        return check_name(full)

    def short_role(self, full: str, *, tenant: str, application: str) -> str:
        """The role's own name: `mdsp:mytenant:viewer.user` → `user`."""
        return full.removeprefix(self.role.format(tenant=tenant, application=application, role=""))

    def may_be_role(self, name: str) -> bool:
        """Whether only an application's role may be called so: it begins as all of them do."""
        fixed = self.role.partition("{")[0]
        return bool(fixed) and name.casefold().startswith(fixed.casefold())


def check_application_name(text: str) -> str:
    """An application's name, which stands in the names of its scopes and roles.

    Raises:
        Invalid: outside the grammar.
    """
    if _NAME.fullmatch(text) is None:
        raise Invalid(
            f"An application's name has 1 to {LONGEST_NAME} lower-case letters and digits and"
            " begins with a letter.",
            field="name",
        )
    return text


def check_application_scope(text: str, *, application: str) -> str:
    """A scope of an application: `{application}.{scope}`, where the rest may have dots of its own.

    Raises:
        Invalid: another beginning, nothing behind it, or outside the grammar.
    """
    beginning = f"{application}."
    if not text.startswith(beginning) or not is_name(text.removeprefix(beginning)):
        raise Invalid(
            f"A scope of this application begins with {beginning} and goes on with a name of its"
            f" own: {beginning}read, for instance.",
            field="name",
        )
    return check_name(text)


def check_launch_url(text: str) -> str:
    """Where an application opens: https, or http on this machine.

    Raises:
        Invalid: another scheme, or with a user name, a fragment or what no URL may contain.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Invalid("This is not a URL.", field="launch_url") from None
    if len(text) > LONGEST_URL or _UNSAFE_IN_URL.search(text):
        raise Invalid(
            "A launch URL is plain ASCII without spaces or a fragment.", field="launch_url"
        )
    if parts.username is not None or parts.password is not None:
        raise Invalid("A launch URL has no user name.", field="launch_url")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
        raise Invalid(
            "A launch URL begins with https://, or with http:// on the local machine.",
            field="launch_url",
        )
    return text
