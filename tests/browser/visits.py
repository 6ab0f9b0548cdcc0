"""Where every page of the console is: each route of its tables with an address that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from scopewright.console.routes import OWN_PAGES, PAGES, RECORD, WORKSPACE, WORKSPACE_PAGES
from tests.browser.filled import ANN, LONG
from tests.worlds import World

ROUTES = [
    *(path for method, path, _ in PAGES if method == "GET"),
    *(RECORD + path for method, path, _ in OWN_PAGES if method == "GET"),
    *(WORKSPACE + path for method, path, _, _ in WORKSPACE_PAGES if method == "GET"),
]


REFUSED = {"/who-can": HTTPStatus.UNPROCESSABLE_ENTITY}  # where no scope is asked for


@dataclass(frozen=True)
class Visits:
    """The addresses of one workspace, whose `editor` is a member."""

    world: World
    editor: str

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Each page of it, and some once more, with something asked of them; and their statuses."""
        for method, path, _, _ in WORKSPACE_PAGES:
            if method == "GET":
                yield self.at(path), REFUSED.get(path, HTTPStatus.OK)
        for path, query in self._asked:
            yield f"{self.at(path)}?{query}", HTTPStatus.OK

    @property
    def _asked(self) -> list[tuple[str, str]]:
        machine, scope = self._named["/clients/{id}"]["id"], quote(LONG)
        return [
            ("/clients", f"scopes={machine}"),
            ("/end-users", "q=nobody.is.called.this"),
            ("/end-users/{email}/metadata", "key=ingest_context"),
            ("/why", f"principal={ANN}&scope={scope}"),
            ("/who-can", f"scope={scope}"),
            ("/catalogue", "q=read"),
            ("/roles/{name}/compose", "q=sensor"),
            ("/audit", "since=yesterday"),
        ]

    def at(self, path: str) -> str:
        """The address of a page; what its route names is something that there is.

        Raises:
            KeyError: nothing is known to show it with.
        """
        home = f"{self.world.url}/workspaces/{self.world.slug}"
        if "{" not in path:
            return home + path
        noun = max((one for one in self._named if path.startswith(one)), key=len, default=path)
        return home + path.format(**{k: quote(v) for k, v in self._named[noun].items()})

    @cached_property
    def _named(self) -> Mapping[str, Mapping[str, str]]:
        person = self._first("/end-users", q=ANN)["id"]
        key = self.world.admin.post(f"/principals/{person}/api-keys", json={"note": LONG}).json()
        group = self._first("/groups")["id"]
        self.world.admin.put(f"/groups/{group}/members/{person}").raise_for_status()
        self.world.admin.put(f"/principals/{person}/roles/keeper").raise_for_status()
        identity = {"provider": "email", "subject": ANN}
        machine = self._first("/clients", q="client_credentials")["client_id"]
        value = {"value": "x" * 300}
        self.world.admin.put(f"/clients/{machine}/metadata/a", json=value).raise_for_status()
        missing = self._first("/role-mappings")["include"]
        self.world.admin.put(
            f"/role-mappings/{missing}", json={"role": "keeper"}
        ).raise_for_status()
        lists = ("sessions", "endpoints", "exports", "mqtt-configs", "api-keys")
        return {
            **{f"/{noun}/{{id}}": {"id": self._first(f"/{noun}")["id"]} for noun in lists},
            "/scopes/{name}": {"name": LONG},
            "/end-users/{email}": {"email": ANN, "key": "ingest_context"},
            "/clients/{id}": {"id": machine, "key": "a"},
            "/applications/{name}": {"name": "plant", "scope": "plant.r", "role": "user"},
            "/roles/{name}": {"name": "keeper"},
            "/role-mappings/{include}": {"include": missing},
            "/principals/{id}": {"id": person, "role": "keeper", **identity},
            "/groups/{id}": {"id": group, "principal": person},
            "/api-keys/of/{principal}": {"principal": person, "id": key["id"]},
            "/members/{email}": {"email": self.editor},
            "/members/invitations/{id}": {"id": self._first("/invitations")["id"]},
            "/settings/trusted-issuers/{id}": {"id": self._first("/trusted-issuers")["id"]},
            "/settings/registration-tokens/{id}": {"id": self._first("/registration-tokens")["id"]},
        }

    def _first(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.world.admin.get(path, params={"limit": "1", **query})
        first: dict[str, Any] = answer.raise_for_status().json()["data"][0]
        return first


def route_of(url: str) -> str:
    """The route of the tables that leads there; empty if none does."""
    path = urlsplit(url).path
    return next((route for route, pattern in _PATTERNS if pattern.fullmatch(path)), "")


_PATTERNS = [
    (route, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)))) for route in ROUTES
]
