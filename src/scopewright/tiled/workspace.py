"""A workspace as the synchronising commands read it, over the management API."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx

from scopewright.core.scopes import Scopes
from scopewright.guard.fetch import checked_issuer

URL, API_KEY, WORKSPACE = "SCOPEWRIGHT_URL", "SCOPEWRIGHT_API_KEY", "SCOPEWRIGHT_WORKSPACE"
TIMEOUT_SECONDS = 60


class Failure(Exception):
    """A command cannot go on; the sentence says why."""


@dataclass(frozen=True)
class Role:
    """A role and all the scopes that it comes to."""

    name: str
    description: str
    scopes: Scopes


@dataclass(frozen=True)
class Known:
    """A principal by the name that Tiled knows it by: a user name, or a service's id."""

    name: str
    kind: str
    is_disabled: bool
    roles: frozenset[str]


class Workspace:
    """Asks with the key and the address that the environment names.

    Raises:
        Failure: something is missing there, or the server says no, or nothing.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        missing = [name for name in (URL, API_KEY) if not environment.get(name)]
        if missing:
            raise Failure(f"set {' and '.join(missing)}")
        try:
            url = checked_issuer(environment[URL].rstrip("/"))
        except (ValueError, httpx.InvalidURL) as error:
            raise Failure(f"{environment[URL]}: {error}") from None
        headers = {"Authorization": f"Bearer {environment[API_KEY]}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)
        self._name = environment.get(WORKSPACE, "")

    @cached_property
    def id(self) -> str:
        """The workspace's UUID."""
        return str(self._get(self._path)["id"])

    def roles(self) -> dict[str, Role]:
        """Every role that there is, by name: the catalogues' and the workspace's own."""
        catalogues = self._get(f"{self._path}/vocabulary")["catalogues"]
        return {
            role["name"]: Role(role["name"], role["description"], frozenset(role["scopes"]))
            for catalogue in catalogues
            for role in catalogue["roles"]
        }

    def principals(self) -> dict[str, Known]:
        """Everybody, by id."""
        return {one["id"]: _known(one) for one in self._rows("/principals")}

    def members(self, group: str) -> frozenset[str]:
        """The ids of all who are in a group, by themselves or through others."""
        path = f"/groups/{quote(group, safe='')}/members"
        return frozenset(one["principal"]["id"] for one in self._rows(path))

    def access_tags(self) -> list[dict[str, Any]]:
        """Every access tag, as the API shows it."""
        return list(self._rows("/access-tags"))

    # --- asking ---------------------------------------------------------------------------------

    @cached_property
    def _path(self) -> str:
        name = self._name or str(self._get("/api/whoami")["workspace"])
        return f"/api/workspaces/{quote(name, safe='')}"

    def _rows(self, path: str) -> Iterator[dict[str, Any]]:
        query: dict[str, str] = {"limit": "1000"}
        while True:
            page = self._get(f"{self._path}{path}", query)
            yield from page["data"]
            if page.get("next_page") is None:
                return
            # Only its query: the server may know itself by another address than we do.
            query = dict(httpx.URL(page["next_page"]).params)

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        try:
            answer = self._http.get(path, params=query)
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Failure(f"{path}: {type(error).__name__}: {error}") from None
        if not answer.is_success:
            detail = said.get("detail", "") if isinstance(said, dict) else ""
            raise Failure(f"{path}: {answer.status_code} {detail}")
        return said


def _known(row: Mapping[str, Any]) -> Known:
    subjects = [identity["subject"] for identity in row["identities"]]
    name = row["id"] if row["kind"] == "client" else row["name"]
    if subjects and name not in subjects:
        name = subjects[0]
    is_disabled = row["disabled_at"] is not None
    return Known(name, row["kind"], is_disabled, frozenset(row["roles"]))
