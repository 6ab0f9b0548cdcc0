"""Exports as server-sent events: each new datapoint once, for as long as the reader may read."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scopewright.core.model import Datapoint
from scopewright.ids import least_id, new_ids
from scopewright.services import datapoints as service
from scopewright.store import datapoints
from tests.protocol.issuer import Issuer, KnownClient, bearer
from tests.protocol.streams import streaming


@pytest.fixture
def reader(issuer: Issuer) -> KnownClient:
    return issuer.machine("sensor:read")


@pytest.fixture
def fed(issuer: Issuer) -> Issuer:
    """With an endpoint `in`, and the exports `out` (demands a scope) and `open`."""
    _make(issuer, "endpoints", name="in", auth="none")
    issuer.define("sensor:read")
    _make(issuer, "exports", name="out", required_scope="sensor:read")
    _make(issuer, "exports", name="open", auth_methods=["oauth2", "none"])
    return issuer


def _make(issuer: Issuer, noun: str, **body: Any) -> dict[str, Any]:
    operations = ("create", "delete", "update")
    manager = issuer.machine(*(f"iotman:{noun}:{operation}" for operation in operations))
    headers = bearer(issuer.access_token(manager))
    url = f"{issuer.site.url}/api/workspaces/{issuer.id}/{noun}"
    answer = issuer.http.post(url, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _post(issuer: Issuer, *numbers: int) -> list[str]:
    url = f"{issuer.site.url}/data/{issuer.id}/in"
    answer = issuer.http.post(url, json=[{"n": n} for n in numbers])
    assert answer.status_code == 202, answer.text
    return list(answer.json()["ids"])


def _events(issuer: Issuer, path: str = "open") -> str:
    return f"{issuer.site.url}/exports/{issuer.id}/{path}/events"


def _numbers(events: list[Any]) -> list[int]:
    return [event.data["payload"]["n"] for event in events]


def test_a_stream_gives_what_comes_in_from_now_on(fed: Issuer, reader: KnownClient) -> None:
    _post(fed, 0)
    headers = bearer(fed.access_token(reader))
    with streaming(fed.http, _events(fed, "out"), **headers) as stream:
        ids = _post(fed, 1, 2)
        _post(fed, 3)
        events = stream.take(3)
        assert _numbers(events) == [1, 2, 3]
        assert [event.id for event in events[:2]] == ids
        read = fed.http.get(_events(fed, "out").removesuffix("/events"), headers=headers).json()
        assert [event.data for event in events] == read["data"][2::-1]


def test_a_reader_goes_on_after_the_last_event_it_knows(fed: Issuer) -> None:
    ids = _post(fed, 1, 2, 3)
    with streaming(fed.http, _events(fed), **{"last-event-id": ids[0]}) as stream:
        assert _numbers(stream.take(2)) == [2, 3]
        _post(fed, 4)
        assert _numbers(stream.take(1)) == [4]


def test_a_long_absence_is_made_up_for(fed: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_AT_ONCE", 7)
    ids = _post(fed, *range(40))
    with streaming(fed.http, _events(fed), **{"last-event-id": ids[0]}) as stream:
        assert _numbers(stream.take(39)) == list(range(1, 40))
        _post(fed, 40)
        assert _numbers(stream.take(1)) == [40]


def test_what_becomes_visible_late_is_given_once(fed: Issuer) -> None:
    """Another process names its datapoints first and commits them last."""
    late, soon, early = new_ids("dp", 3)
    with streaming(fed.http, _events(fed)) as stream:
        _post(fed, 2)
        assert _numbers(stream.take(1)) == [2]
        _keep(fed, late, 1)
        assert _numbers(stream.take(1)) == [1]
        _keep(fed, least_id(soon, sooner=5000), 0)
        assert _numbers(stream.take(1)) == [0]
        _keep(fed, least_id(early, sooner=60_000), -1)  # too late: it is in the export's pages
        _post(fed, 3)
        assert _numbers(stream.take(1)) == [3]


def _keep(issuer: Issuer, id: str, number: int) -> None:
    point = Datapoint(
        id=id, workspace_id=issuer.id, endpoint_id="", received_at=issuer.clock(),
        payload={"n": number}, source_ip=None, authentication_method="none",
        principal_id=None, client_id=None, ingest_context=None,
    )  # fmt: skip
    with issuer.database.write() as tx:
        datapoints.add_many(tx, [point])


def test_a_stream_ends_when_its_reader_is_revoked(fed: Issuer, reader: KnownClient) -> None:
    headers = bearer(fed.access_token(reader))
    with streaming(fed.http, _events(fed, "out"), **headers) as stream:
        _post(fed, 1)
        assert _numbers(stream.take(1)) == [1]
        fed.delete_client(reader)
        assert stream.is_over()


def test_a_stream_ends_when_its_token_expires(fed: Issuer, reader: KnownClient) -> None:
    headers = bearer(fed.access_token(reader))
    with streaming(fed.http, _events(fed, "out"), **headers) as stream:
        fed.clock.advance(hours=1)
        assert stream.is_over()


def test_a_stream_ends_with_its_export(fed: Issuer) -> None:
    export = _make(fed, "exports", name="short", auth_methods=["oauth2", "none"])
    manager = bearer(fed.access_token(fed.machine("iotman:exports:delete")))
    with streaming(fed.http, _events(fed, "short")) as stream:
        url = f"{fed.site.url}/api/workspaces/{fed.id}/exports/{export['id']}"
        assert fed.http.delete(url, headers=manager).status_code == 204
        assert stream.is_over()


def test_a_stream_that_becomes_closed_to_its_reader_ends(fed: Issuer) -> None:
    export = _make(fed, "exports", name="short", auth_methods=["oauth2", "none"])
    manager = bearer(fed.access_token(fed.machine("iotman:exports:update")))
    with streaming(fed.http, _events(fed, "short")) as stream:
        url = f"{fed.site.url}/api/workspaces/{fed.id}/exports/{export['id']}"
        closed = fed.http.patch(url, json={"auth_methods": ["oauth2"]}, headers=manager)
        assert closed.status_code == 200
        assert stream.is_over()


def test_who_may_not_read_is_refused_before_the_stream_begins(
    fed: Issuer, stranger: Issuer
) -> None:
    def asked(path: str, **headers: str) -> httpx.Response:
        return fed.http.get(_events(fed, path), headers=headers)

    assert asked("out").status_code == 401
    without = asked("out", **bearer(fed.access_token(fed.machine())))
    assert (without.status_code, without.json()["missing"]) == (403, ["sensor:read"])
    foreign = bearer(stranger.access_token(stranger.machine("sensor:read")))
    assert asked("out", **foreign).status_code == 401
    assert asked("open", **foreign).status_code == 401
    assert asked("never").status_code == 404
    assert asked("open", **{"last-event-id": "x"}).status_code == 422
    assert asked("open", **{"last-event-id": "dp_" + "u" * 26}).status_code == 422
