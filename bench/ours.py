"""Scopewright under load: the installed command with one workspace, one client and one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from bench.load import Request
from bench.target import FORM, SCOPE, Target, WrongAnswer, answer, check_access_token
from tests.servers import COMMAND, Installation
from tests.visitors import REDIRECT_URI, Person

SLUG = "bench"
ADMINISTRATOR = "admin@bench.example"


@dataclass(frozen=True)
class Ours:
    """One running Scopewright: the target, and what only Scopewright is asked for."""

    target: Target
    workspace_id: str
    management: Management
    letters: Path

    @cached_property
    def person(self) -> Person:
        """An end-user who holds the scope and a public client; made when first needed."""
        email = "reader@bench.example"
        self.management.create("end-users", email=email, scopes=[SCOPE], internal_scopes=[])
        client = self.management.create(
            "clients", name="Reader", type="pkce", redirect_uris=[REDIRECT_URI]
        )
        return Person(email, client["client_id"], self.target.metadata(), self.letters)


@dataclass(frozen=True)
class Management:
    """The management API of the workspace, with its administrator's key."""

    url: str
    api_key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    def create(self, path: str, **body: object) -> dict[str, Any]:
        """POST ``body`` to a collection of the workspace; what was made."""
        url = f"{self.url}/api/workspaces/{SLUG}/{path}"
        response = httpx.post(url, json=body, headers=self.headers, timeout=10)
        if not response.is_success:
            raise WrongAnswer(f"{url}: {response.status_code} {response.text[:500]}")
        return dict(response.json())


@contextmanager
def running(
    name: str,
    *,
    url: str,
    folder: Path,
    database_pids: Sequence[int] = (),
    program: Path = COMMAND,
) -> Iterator[Ours]:
    """Scopewright on the database ``url`` until the block ends; ``name`` tells it from others."""
    folder.mkdir()
    with Installation(folder, url, program=[program]) as installation:
        yield furnished(installation, name=f"scopewright {name}", database_pids=database_pids)


def furnished(installation: Installation, *, name: str, database_pids: Sequence[int]) -> Ours:
    """Start it with one workspace, one scope, and one client that may have it."""
    made = installation.init(workspace="Bench", slug=SLUG, admin=ADMINISTRATOR)
    process = installation.serve().process
    management = Management(installation.url, made["api_key"])
    management.create("scopes", name=SCOPE)
    client = management.create("clients", name="Bench", type="client_credentials")
    management.create(f"clients/{client['client_id']}/scopes", scope=SCOPE)
    target = Target(
        name=name,
        pids=[process.pid, *database_pids],
        issuer=made["issuer"],
        client_id=client["client_id"],
        client_secret=client["client_secret"],
    )
    return Ours(target, made["workspace_id"], management, installation.letters)


def whoami_request(ours: Ours) -> Request:
    """The check of an API key: who it belongs to."""
    request = Request(f"{ours.management.url}/api/whoami", headers=ours.management.headers)
    if "principal" not in answer(request):
        raise WrongAnswer(f"{request.url}: names no principal")
    return request


def refresh_request(ours: Ours, sessions: int) -> Request:
    """Refresh with rotation, over as many sessions, each holding a token of its own."""
    person = ours.person
    issued = [person.session() for _ in range(sessions)]
    check_access_token(ours.target, issued[0]["access_token"])
    return Request(
        ours.target.metadata()["token_endpoint"],
        method="POST",
        headers={"Content-Type": FORM},
        body=str(httpx.QueryParams(grant_type="refresh_token", client_id=person.client_id)),
        refresh_tokens=[given["refresh_token"] for given in issued],
    )
