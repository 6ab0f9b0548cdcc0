"""The revocation feed: who verifies tokens offline learns what ended, and strangers nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from scopewright.core.errors import InvalidToken
from scopewright.core.model import ChangeKind
from scopewright.guard import Guard, Policy
from scopewright.services import revocations
from scopewright.store import workspaces
from scopewright.web import events
from tests.protocol.issuer import Issuer
from tests.protocol.streams import streaming


def _feed(issuer: Issuer, **query: Any) -> dict[str, Any]:
    answer = issuer.http.get(f"{issuer.issuer}/revocations", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    read: dict[str, Any] = answer.json()
    assert set(read) == {"data", "version"}
    return read


def _key(kind: str, id: str) -> str:
    digest = hashlib.sha256(f"{kind}:{id}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _revoke_token(issuer: Issuer) -> tuple[str, str, str]:
    machine = issuer.machine()
    token = issuer.access_token(machine)
    token_id = issuer.introspect(machine, token)["jti"]
    issuer.revoke(machine, token)
    return token, "token", token_id


def _end_session(issuer: Issuer) -> tuple[str, str, str]:
    machine, app, person = issuer.machine(), issuer.phone_app(), issuer.person()
    token = issuer.signed_in(app, person)["access_token"]
    session_id = issuer.introspect(machine, token)["sid"]
    issuer.end_session(session_id)
    return token, "session", session_id


def _delete_client(issuer: Issuer) -> tuple[str, str, str]:
    machine = issuer.machine()
    token = issuer.access_token(machine)
    issuer.delete_client(machine)
    return token, "client", machine.id


def _remove_person(issuer: Issuer) -> tuple[str, str, str]:
    person = issuer.person()
    token = issuer.signed_in(issuer.phone_app(), person)["access_token"]
    issuer.remove_person(person)
    return token, "principal", person


Revoking = Callable[[Issuer], tuple[str, str, str]]
every_kind = pytest.mark.parametrize(
    "revoke", [_revoke_token, _end_session, _delete_client, _remove_person]
)


@every_kind
def test_a_revocation_is_told_by_a_key_that_names_nothing(issuer: Issuer, revoke: Revoking) -> None:
    before = _feed(issuer)
    _, kind, id = revoke(issuer)
    after = _feed(issuer)
    (entry,) = after["data"]
    assert before["data"] == []
    assert after["version"] > before["version"]
    assert (entry["kind"], entry["key"]) == (kind, _key(kind, id))
    assert set(entry) == {"kind", "key", "at", "forget_at"}
    assert datetime.fromisoformat(entry["at"]) == issuer.clock()
    assert datetime.fromisoformat(entry["forget_at"]) > issuer.clock()
    assert id not in str(after)


@every_kind
def test_a_guard_that_follows_the_feed_refuses_what_was_revoked(
    issuer: Issuer, revoke: Revoking
) -> None:
    guard = Guard(
        issuer.issuer,
        issuer.id,
        policy=Policy(revocations=timedelta(hours=1)),
        clock=issuer.clock,
    )
    other = issuer.access_token(issuer.machine())
    guard.verify(other)
    token, _, _ = revoke(issuer)
    assert guard.verify(token)  # it has not asked since
    assert guard.revocations
    guard.revocations.poll()
    with pytest.raises(InvalidToken):
        guard.verify(token)
    assert guard.verify(other)
    guard.revocations.stop()


def test_who_goes_on_from_a_version_misses_nothing_and_hears_nothing_twice(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "MOST_AT_ONCE", 2)
    ended = [_delete_client(issuer)[2] for _ in range(5)]
    heard: list[str] = []
    version = 0
    while news := _feed(issuer, after=version)["data"]:
        heard += [entry["key"] for entry in news]
        version = _feed(issuer, after=version)["version"]
    assert heard == [_key("client", id) for id in ended]
    assert _feed(issuer, after=version) == {"data": [], "version": version}


def test_changes_that_revoke_nothing_only_move_the_version(issuer: Issuer) -> None:
    before = _feed(issuer)["version"]
    with issuer.database.write() as tx:
        for kind in ChangeKind:
            workspaces.touch(tx, issuer.id, kind, "x", at=issuer.clock())
    with issuer.database.write() as tx:
        at = issuer.clock()
        workspaces.touch(
            tx, issuer.id, ChangeKind.API_KEY, "x", at=at, forget_at=at + timedelta(days=1)
        )
    assert _feed(issuer) == {"data": [], "version": before + len(ChangeKind) + 1}


def test_a_revocation_is_forgotten_when_no_token_can_outlive_it(issuer: Issuer) -> None:
    _delete_client(issuer)
    forget_at = datetime.fromisoformat(_feed(issuer)["data"][0]["forget_at"])
    issuer.clock.advance(seconds=(forget_at - issuer.clock()).total_seconds() - 1)
    assert len(_feed(issuer)["data"]) == 1
    issuer.clock.advance(seconds=1)
    assert _feed(issuer)["data"] == []


def test_a_reader_ahead_of_a_restored_issuer_learns_its_version(issuer: Issuer) -> None:
    version = _feed(issuer)["version"]
    assert _feed(issuer, after=version + 1000) == {"data": [], "version": version}


def test_workspaces_are_apart(issuer: Issuer, stranger: Issuer) -> None:
    _delete_client(issuer)
    assert _feed(stranger)["data"] == []


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "٣", "9" * 16])
def test_what_is_no_version_is_refused(issuer: Issuer, after: str) -> None:
    answer = issuer.http.get(f"{issuer.issuer}/revocations", params={"after": after})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_other_methods_and_unknown_issuers_are_refused(issuer: Issuer) -> None:
    refused = issuer.http.post(f"{issuer.issuer}/revocations")
    assert refused.status_code == 405
    assert "GET" in refused.headers["allow"]
    unknown = issuer.http.get(f"{issuer.site.url}/w/unknown/revocations")
    assert unknown.status_code == 404


# --- as a stream ----------------------------------------------------------------------------------


def test_a_stream_tells_the_past_and_then_what_happens(issuer: Issuer) -> None:
    first, second = _delete_client(issuer)[2], _delete_client(issuer)[2]
    url = f"{issuer.issuer}/revocations"
    with streaming(issuer.http, url) as stream:
        past = stream.take(2)
        assert [event.data["key"] for event in past] == [_key("client", i) for i in (first, second)]
        assert [event.data for event in past] == _feed(issuer)["data"]
        third = _delete_client(issuer)[2]
        (news,) = stream.take(1)
        assert news.data["key"] == _key("client", third)
        assert int(news.id) == _feed(issuer)["version"]
    with streaming(issuer.http, url, **{"last-event-id": past[0].id}) as stream:
        assert [event.data["key"] for event in stream.take(2)] == [
            _key("client", second),
            _key("client", third),
        ]
    with streaming(issuer.http, f"{url}?after={past[1].id}") as stream:
        assert stream.take(1)[0].data["key"] == _key("client", third)


def test_a_quiet_stream_beats(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.02)
    with streaming(issuer.http, f"{issuer.issuer}/revocations") as stream:
        stream.heartbeat()
        stream.heartbeat()


def test_a_stream_ends_with_its_workspace(issuer: Issuer) -> None:
    with streaming(issuer.http, f"{issuer.issuer}/revocations") as stream:
        with issuer.database.write() as tx:
            workspaces.remove(tx, issuer.id)
        assert stream.is_over()


def test_a_stream_from_no_version_is_refused_before_it_begins(issuer: Issuer) -> None:
    headers = {"accept": "text/event-stream", "last-event-id": "x"}
    answer = issuer.http.get(f"{issuer.issuer}/revocations", headers=headers)
    assert answer.status_code == 400


def test_asking_for_the_head_of_a_stream_does_not_hang(issuer: Issuer) -> None:
    answer: httpx.Response = issuer.http.head(
        f"{issuer.issuer}/revocations", headers={"accept": "text/event-stream"}
    )
    assert answer.status_code == 200


def test_the_lag_of_a_stream_is_told_for_what_happens_while_it_is_open(issuer: Issuer) -> None:
    key = issuer.api_key(issuer.member("iotman:admin"))
    _delete_client(issuer)  # long ago, as far as the stream is concerned
    with streaming(issuer.http, f"{issuer.issuer}/revocations") as stream:
        stream.take(1)
        _delete_client(issuer)
        stream.take(1)
    address = f"{issuer.site.url}/api/workspaces/{issuer.id}/metrics"
    figures = issuer.http.get(address, headers={"authorization": f"Bearer {key}"}).text
    assert "scopewright_feed_lag_seconds_count 1.0" in figures.splitlines()
