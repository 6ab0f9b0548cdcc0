"""IoTMan's scenario with real data, played through the server's own HTTP interface.

A station and a person send a year of weather, an outside worker tells what the person's data are
stamped with, an export lets all of it out, and a station that was withdrawn gets no further.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx

from scopewright import ids
from scopewright.core import base64url
from scopewright.demo.browser import Browser, Mailbox
from scopewright.demo.weather import observations

WORKSPACE, SLUG, ADMIN = "Weather network", "weather", "admin@weather.example"
OBSERVER = "observer@weather.example"
OBSERVER_STATION = "LGA"
CONTEXT = {"station": OBSERVER_STATION, "tier": "gold"}
READ, WRITE = "sensor:read", "sensor:write"
ENDPOINT = "observations"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
BATCH_ROWS = 5_000


class Unexpected(Exception):
    """The server answered otherwise than the scenario has it."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A client that acts for itself."""

    id: str
    secret: str


class Scenario:
    """Plays the scenario in the workspace that the key administers."""

    def __init__(
        self, http: httpx.AsyncClient, mailbox: Mailbox, *, issuer: str, api_key: str
    ) -> None:
        self._http = http
        self._browser = Browser(http, mailbox)
        self._issuer = issuer
        self._key = {"authorization": f"Bearer {api_key}"}

    async def play(self) -> int:
        """All of it; how many observations the export has in the end."""
        await self._define_scopes()
        await self._open_doors()
        await self._withdraw_a_station()
        station = await self._machine("Newark and Kennedy station", WRITE)
        worker = await self._machine("Subscription worker", "iotman:metadata:update")
        await self._invite_observer(worker)
        ours = [row for row in observations() if row["origin"] != OBSERVER_STATION]
        theirs = [row for row in observations() if row["origin"] == OBSERVER_STATION]
        await self._send(await self._machine_token(station), ours)
        await self._send(await self._observer_token(), theirs)
        reader = await self._machine("Dashboard", READ)
        return await self._count(await self._machine_token(reader))

    # --- what the administrator does ------------------------------------------------------------

    async def _define_scopes(self) -> None:
        await self._make("scopes", name=READ, description="Read the observations.")
        await self._make("scopes", name=WRITE, description="Send observations.")

    async def _open_doors(self) -> None:
        """An endpoint that takes data with one scope, and an export that gives it for another."""
        name, path = "Observations", ENDPOINT
        await self._make("endpoints", name=name, url_path=path, write_scope=WRITE)
        await self._make("exports", name=name, path=path, required_scope=READ)

    async def _machine(self, name: str, *scopes: str) -> Machine:
        made = await self._make("clients", name=name, type="client_credentials")
        for scope in scopes:
            await self._make(f"clients/{made['client_id']}/scopes", scope=scope)
        return Machine(made["client_id"], made["client_secret"])

    async def _invite_observer(self, worker: Machine) -> None:
        """The person, and what an outside worker says about them."""
        await self._make("end-users", email=OBSERVER, scopes=[READ, WRITE])
        path = f"/api/workspaces/{SLUG}/end-users/{OBSERVER}/metadata/ingest_context"
        token = await self._machine_token(worker)
        expect(await self._http.put(path, json={"value": CONTEXT}, headers=token), 200)

    async def _withdraw_a_station(self) -> None:
        """A station whose client is deleted: its token, good for an hour, is refused at once."""
        old = await self._machine("Withdrawn station", WRITE)
        token = await self._machine_token(old)
        path = f"/api/workspaces/{SLUG}/clients/{old.id}"
        expect(await self._http.delete(path, headers=self._key), 204)
        refused = await self._http.post(f"/data/{SLUG}/{ENDPOINT}", json={}, headers=token)
        expect(refused, 401)

    async def _make(self, noun: str, **body: Any) -> dict[str, Any]:
        path = f"/api/workspaces/{SLUG}/{noun}"
        answer = await self._http.post(path, json=body, headers=self._key)
        return dict(expect(answer, 200, 201).json())

    # --- what the machines and the person do ----------------------------------------------------

    async def _machine_token(self, machine: Machine) -> dict[str, str]:
        return await self._token(
            {"grant_type": "client_credentials"}, by=(machine.id, machine.secret)
        )

    async def _observer_token(self) -> dict[str, str]:
        """Authorization code with PKCE (RFC 7636), as an application on a phone does it."""
        phone = await self._make(
            "clients", name="Phone app", type="pkce", redirect_uris=[REDIRECT_URI]
        )
        verifier, state = ids.new_secret("v"), ids.new_code()
        asked = {
            "response_type": "code",
            "client_id": phone["client_id"],
            "redirect_uri": REDIRECT_URI,
            "state": state,
            "code_challenge": base64url.sha256(verifier.encode()),
            "code_challenge_method": "S256",
        }
        url = httpx.URL(f"{self._issuer}/authorize", params=asked)
        answer = await self._browser.authorize(
            str(url), address=OBSERVER, redirect_uri=REDIRECT_URI
        )
        if answer.get("state") != state:
            raise Unexpected(f"the way back from {self._issuer}/authorize: {answer}")
        form = {"code": answer["code"], "code_verifier": verifier, "redirect_uri": REDIRECT_URI}
        form |= {"grant_type": "authorization_code", "client_id": phone["client_id"]}
        return await self._token(form)

    async def _token(
        self, form: Mapping[str, str], *, by: tuple[str, str] | None = None
    ) -> dict[str, str]:
        """A fresh access token, as the header that presents it."""
        authentication = httpx.USE_CLIENT_DEFAULT if by is None else httpx.BasicAuth(*by)
        answer = await self._http.post(
            f"{self._issuer}/token", data=dict(form), auth=authentication
        )
        return {"authorization": f"Bearer {expect(answer, 200).json()['access_token']}"}

    async def _send(self, token: Mapping[str, str], rows: Sequence[dict[str, Any]]) -> None:
        """Post rows, some thousands in one request, one JSON object a line."""
        headers = {**token, "content-type": "application/x-ndjson"}
        for batch in _batches(rows):
            body = "\n".join(json.dumps(row, separators=(",", ":")) for row in batch)
            path = f"/data/{SLUG}/{ENDPOINT}"
            expect(await self._http.post(path, content=body, headers=headers), 202)

    async def _count(self, token: Mapping[str, str]) -> int:
        count, page = 0, f"/exports/{SLUG}/{ENDPOINT}?limit=1000"
        while page:
            answer = expect(await self._http.get(page, headers=token), 200).json()
            count, page = count + len(answer["data"]), answer["next_page"]
        return count


def expect(answer: httpx.Response, *statuses: int) -> httpx.Response:
    """The answer, if it has one of these statuses; raises `Unexpected`."""
    if answer.status_code not in statuses:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise Unexpected(f"{asked}: {answer.status_code} {answer.text[:500]}")
    return answer


def _batches(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH_ROWS)):
        yield batch
