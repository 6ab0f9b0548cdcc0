"""The data plane over HTTP: who may post, what is kept of it, and how it is stamped."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from scopewright.core.model import ChangeKind, ClientType, Principal
from scopewright.store import api_keys, schema, workspaces
from scopewright.web.instants import spell_instant
from tests.api.plane import Plane, assert_refused
from tests.inprocess import Tenant

POST = "field-sensors"
GOLD = {"channels": ["temperature"], "tier": "gold"}


@pytest.fixture
def plane(tenant: Tenant) -> Plane:
    return Plane(tenant)


@pytest.fixture
def ann(tenant: Tenant) -> Principal:
    return tenant.person("ann@example.com")


@pytest.fixture
def phone_app(tenant: Tenant) -> tuple[str, str]:
    return tenant.client(ClientType.PKCE)


# --- what is kept ---------------------------------------------------------------------------------


def test_an_object_becomes_a_datapoint_that_says_who_sent_it(plane: Plane) -> None:
    endpoint = plane.endpoint()
    client_id, secret = plane.tenant.client()
    token = plane.tenant.access_token(client_id, secret)
    answer = plane.post(POST, {"t": 21.5}, bearer=token)
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "ids": [answer.json()["ids"][0]]}
    assert plane.points() == [
        {
            "id": answer.json()["ids"][0],
            "received_at": spell_instant(plane.tenant.running.clock()),
            "payload": {"t": 21.5},
            "source_ip": "127.0.0.1",
            "auth_method": "oauth2",
            "principal_id": client_id,
            "oauth2_client_id": client_id,
            "ingest_context": None,
        }
    ]
    assert plane.rows(schema.datapoints)[0].endpoint_id == endpoint["id"]


@pytest.mark.parametrize("how", ["array", "lines"])
def test_a_batch_keeps_its_order_and_is_of_one_instant(plane: Plane, how: str) -> None:
    plane.endpoint(auth="none")
    rows = [{"n": n} for n in range(50)]
    if how == "array":
        answer = plane.post(POST, rows)
    else:
        lines = b"\r\n\n".join(json.dumps(row).encode() for row in rows) + b"\n"
        answer = plane.post_lines(POST, lines)
    assert answer.json()["accepted"] == 50
    points = plane.points()[::-1]
    assert [point["id"] for point in points] == answer.json()["ids"]
    assert [point["payload"] for point in points] == rows
    assert len({point["received_at"] for point in points}) == 1


def test_payloads_come_back_equal(plane: Plane) -> None:
    plane.endpoint(auth="none")
    payload = {"": None, "é𝄞": [0, -1.5e-9, 2**70, True, "\x00", {"a": [[]]}]}
    assert plane.post(POST, payload).status_code == 202
    assert plane.points()[0]["payload"] == payload


def test_ten_thousand_rows_are_taken_at_once_and_soon(plane: Plane) -> None:
    plane.endpoint(auth="none")
    body = b"\n".join(b'{"sensor":"s%d","t":21.5,"ok":true}' % n for n in range(10_000))
    started = time.perf_counter()
    answer = plane.post_lines(POST, body)
    assert answer.json()["accepted"] == 10_000
    assert time.perf_counter() - started < 5  # a second where nothing else runs


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "facts"),
    [
        (b'{"a":1}\n\n{"b":', 400, {"line": 3}),
        (b'{"a":1}\n{"b":{"c":NaN}}', 400, {"line": 2, "field": "b.c"}),
        (b'{"a":1}\n{"b":[0,1e999]}', 400, {"line": 2, "field": "b.1"}),
        (b'{"a":1}\n{"b":1,"b":1}', 400, {"line": 2, "field": "b"}),
        (b'{"a":1}\n{"b":"\\ud800"}', 400, {"line": 2, "field": "b"}),
        (b'{"a":1}\n{"\\ud800":1}', 400, {"line": 2, "field": "?"}),
        (b'{"a":1}\n{"b":"\xff"}', 400, {"line": 2}),
        (b'{"a":1}\n[1]', 422, {"line": 2}),
        (b'{"a":1}\nnull', 422, {"line": 2}),
        (b"\n \n", 422, {}),
        (b"", 422, {}),
    ],
)
def test_a_bad_line_refuses_the_whole_batch(
    plane: Plane, body: bytes, status: int, facts: dict[str, Any]
) -> None:
    plane.endpoint(auth="none")
    with plane.unchanged():
        assert_refused(plane.post_lines(POST, body), status, **facts)


@pytest.mark.parametrize(
    ("body", "status", "facts"),
    [
        (b"[]", 422, {}),
        (b"7", 422, {}),
        (b"null", 422, {}),
        (b'[{"a":1},7]', 422, {"field": "1"}),
        (b'[{"a":1},{"b":Infinity}]', 400, {"field": "1.b"}),
        (b'[{"a":1}', 400, {}),
        (b'{"a":' * 65 + b"1" + b"}" * 65, 400, {}),
        (b'{"a":' * 100_000, 400, {}),
        (b"", 400, {}),
    ],
)
def test_a_bad_body_is_refused(
    plane: Plane, body: bytes, status: int, facts: dict[str, Any]
) -> None:
    plane.endpoint(auth="none")
    headers = {"content-type": "application/json; charset=utf-8"}
    with plane.unchanged():
        assert_refused(plane.post(POST, content=body, headers=headers), status, **facts)


def test_other_media_types_are_refused(plane: Plane) -> None:
    plane.endpoint(auth="none")
    for media_type in ("text/plain", "application/x-www-form-urlencoded"):
        with plane.unchanged():
            answer = plane.post(POST, content=b"{}", headers={"content-type": media_type})
            assert_refused(answer, 400, field="Content-Type")
    with plane.unchanged():
        assert_refused(plane.post(POST, content=b"{}"), 400, field="Content-Type")


def test_too_many_rows_and_too_large_bodies_are_refused(plane: Plane) -> None:
    plane.endpoint(auth="none")
    with plane.unchanged():
        assert_refused(plane.post_lines(POST, b"{}\n" * 10_001), 413)
        assert_refused(plane.post(POST, [{}] * 10_001), 413)
        assert_refused(plane.post_lines(POST, b" " * ((10 << 20) + 1)), 413)


# --- who may post ---------------------------------------------------------------------------------


def test_an_unknown_or_switched_off_endpoint_is_not_there(plane: Plane) -> None:
    endpoint = plane.endpoint()
    token = plane.machine()
    with plane.unchanged():
        assert_refused(plane.post("elsewhere", {}, bearer=token), 404)
    activate = f"/endpoints/{endpoint['id']}/activate"
    plane.tenant.call("POST", activate, {"active": False})
    with plane.unchanged():
        assert_refused(plane.post(POST, {}, bearer=token), 404)
    plane.tenant.call("POST", activate, {"active": True})
    assert plane.post(POST, {}, bearer=token).status_code == 202
    http = plane.tenant.running.http
    assert_refused(http.request("POST", f"/data/nowhere/{POST}", json={}), 404)


def test_without_a_credential_an_endpoint_asks_for_one(plane: Plane) -> None:
    plane.endpoint()
    with plane.unchanged():
        refused = plane.post(POST, {})
        assert_refused(refused, 401)
        assert refused.headers["www-authenticate"] == 'Bearer realm="scopewright"'


@pytest.mark.parametrize("auth", ["oauth2", "none"])
def test_a_bad_credential_is_refused_wherever_it_is_presented(plane: Plane, auth: str) -> None:
    plane.endpoint(auth=auth)
    other = Plane(Tenant(plane.tenant.running))
    headers = {"authorization": "Basic YTpi"}
    with plane.unchanged():
        for bad in ("x", "a.b.c", "swk_x", other.machine(), other.tenant.admin_key):
            refused = plane.post(POST, {}, bearer=bad)
            assert_refused(refused, 401)
            assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        assert_refused(plane.post(POST, {}, headers=headers), 401)


def test_the_write_scope_is_demanded_and_named(plane: Plane) -> None:
    plane.tenant.define("sensor:write")
    plane.endpoint(write_scope="sensor:write")
    with plane.unchanged():
        refused = plane.post(POST, {}, bearer=plane.machine())
        assert_refused(refused, 403, missing=["sensor:write"])
        said = refused.headers["www-authenticate"]
        assert 'error="insufficient_scope", scope="sensor:write"' in said
    assert plane.post(POST, {}, bearer=plane.machine("sensor:write")).status_code == 202


def test_selected_clients_alone_may_send(plane: Plane, ann: Principal) -> None:
    client_id, secret = plane.tenant.client()
    plane.endpoint(clients=[client_id])
    with plane.unchanged():
        assert_refused(plane.post(POST, {}, bearer=plane.machine()), 403)
        assert_refused(plane.post(POST, {}, bearer=plane.tenant.key(ann)), 403)
    token = plane.tenant.access_token(client_id, secret)
    assert plane.post(POST, {}, bearer=token).status_code == 202


def test_a_deleted_client_can_send_nothing_more(plane: Plane) -> None:
    plane.endpoint()
    client_id, secret = plane.tenant.client()
    token = plane.tenant.access_token(client_id, secret)
    assert plane.post(POST, {}, bearer=token).status_code == 202
    plane.remove(client_id)
    with plane.unchanged():
        assert_refused(plane.post(POST, {}, bearer=token), 401)


def test_an_expired_token_can_send_nothing_more(plane: Plane) -> None:
    plane.endpoint()
    token = plane.machine()
    plane.tenant.running.clock.advance(hours=1)
    with plane.unchanged():
        assert_refused(plane.post(POST, {}, bearer=token), 401)


def test_an_api_key_may_send(plane: Plane, ann: Principal) -> None:
    plane.endpoint()
    assert plane.post(POST, {}, bearer=plane.tenant.key(ann)).status_code == 202
    point = plane.points()[0]
    assert point["auth_method"] == "api_key"
    assert point["principal_id"] == ann.id
    assert point["oauth2_client_id"] is None


def test_a_revoked_key_can_send_nothing_more(plane: Plane, ann: Principal) -> None:
    plane.endpoint()
    secret, now = plane.tenant.key(ann), plane.tenant.running.clock()
    key_id = f"key_{secret.split('_')[1]}"
    with plane.tenant.running.database.write() as tx:
        workspaces.touch(tx, plane.tenant.id, ChangeKind.API_KEY, key_id, at=now)
        api_keys.revoke(tx, key_id, at=now)
    with plane.unchanged():
        assert_refused(plane.post(POST, {}, bearer=secret), 401)


def test_anybody_may_send_where_nothing_is_asked(plane: Plane) -> None:
    plane.endpoint(auth="none")
    assert plane.post(POST, {}).status_code == 202
    point = plane.points()[0]
    assert point["auth_method"] == "none"
    assert point["principal_id"] is point["oauth2_client_id"] is point["ingest_context"] is None


# --- stamping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", [ClientType.PKCE, ClientType.AUTHORIZATION_CODE])
def test_an_end_users_context_is_stamped_whatever_the_client(
    plane: Plane, ann: Principal, type: ClientType
) -> None:
    plane.endpoint()
    client = plane.tenant.client(type)
    token = plane.person_token(ann, client)
    plane.attach(ann.id, "ingest_context", GOLD)
    plane.attach(ann.id, "tier", "lead")
    assert plane.post(POST, {}, bearer=token).status_code == 202
    point = plane.points()[0]
    assert point["ingest_context"] == GOLD
    assert point["principal_id"] == ann.id
    assert point["oauth2_client_id"] == client[0]


def test_what_is_stamped_is_frozen(plane: Plane, ann: Principal, phone_app: Any) -> None:
    plane.endpoint()
    token = plane.person_token(ann, phone_app)
    stamps: list[Any] = [None, GOLD, {"tier": "lead"}, 0, [], ""]
    for value in stamps[1:]:
        plane.post(POST, {}, bearer=token)
        plane.attach(ann.id, "ingest_context", value)
    plane.post(POST, {}, bearer=token)
    assert [point["ingest_context"] for point in plane.points()[::-1]] == stamps
    plane.remove(ann.id)
    assert [point["ingest_context"] for point in plane.points()[::-1]] == stamps


def test_a_machines_own_metadata_is_never_stamped(plane: Plane) -> None:
    plane.endpoint()
    client_id, secret = plane.tenant.client()
    plane.attach(client_id, "ingest_context", GOLD)
    plane.post(POST, {}, bearer=plane.tenant.access_token(client_id, secret))
    point = plane.points()[0]
    assert point["ingest_context"] is None
    assert point["oauth2_client_id"] == client_id


def test_a_payload_cannot_stamp_itself(plane: Plane, ann: Principal, phone_app: Any) -> None:
    plane.endpoint()
    plane.attach(ann.id, "ingest_context", GOLD)
    token = plane.person_token(ann, phone_app)
    mine = {"ingest_context": {"tier": "platinum"}, "principal_id": "x", "received_at": 0}
    plane.post(POST, mine, bearer=token)
    point = plane.points()[0]
    assert point["payload"] == mine
    assert point["ingest_context"] == GOLD
    assert point["principal_id"] == ann.id


def test_a_forwarded_address_counts_behind_a_named_proxy_only(plane: Plane) -> None:
    plane.endpoint(auth="none")
    plane.post(POST, {}, headers={"x-forwarded-for": "203.0.113.7"})
    assert plane.points()[0]["source_ip"] == "127.0.0.1"


def test_received_at_is_the_clocks_to_the_microsecond(plane: Plane) -> None:
    plane.endpoint(auth="none")
    at = plane.tenant.running.clock.advance(microseconds=123_457)
    plane.post(POST, {})
    assert plane.points()[0]["received_at"] == f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
