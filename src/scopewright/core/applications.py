"""Applications: products with scopes and roles of their own, named by one grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from scopewright.core.errors import Invalid
from scopewright.core.names import check_name

LONGEST_NAME = 20
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


def check_application_name(text: str, *, field: str = "name") -> str:
    """An application's name, which stands in the names of its scopes and roles.

    Raises:
        Invalid: outside the grammar.
    """
    if _NAME.fullmatch(text) is None:
        raise Invalid(
            f"An application's name has 1 to {LONGEST_NAME} lower-case letters and digits and"
            " begins with a letter.",
            field=field,
        )
    return text


def check_application_scope(text: str, *, application: str, field: str = "name") -> str:
    """A scope of an application: `{application}.{scope}`, where the rest may have dots of its own.

    Raises:
        Invalid: another beginning, nothing behind it, or outside the grammar.
    """
    if not text.startswith(f"{application}."):
        raise Invalid(
            f"A scope of this application begins with {application}. and goes on with its own"
            f" name: {application}.read, for instance.",
            field=field,
        )
    return check_name(text, field=field)
