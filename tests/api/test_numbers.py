"""How many there are of everything that a workspace has."""

from __future__ import annotations

from scopewright.core.model import ClientType
from tests.inprocess import Tenant


def numbers(tenant: Tenant, bearer: str | None = None) -> dict[str, int]:
    more = {} if bearer is None else {"bearer": bearer}
    answer = tenant.call("GET", "/numbers", **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()["numbers"]
    return found


def test_each_noun_is_counted_also_when_there_is_none(tenant: Tenant) -> None:
    before = numbers(tenant)
    assert before["end-users"] == 0
    tenant.client(ClientType.CLIENT_CREDENTIALS)
    tenant.call("POST", "/scopes", json={"name": "sensor:read"})
    after = numbers(tenant)
    assert after["clients"] == before["clients"] + 1
    assert after["scopes"] == before["scopes"] + 1


def test_what_one_may_not_see_one_is_not_told_the_number_of(tenant: Tenant) -> None:
    wanted = {"scopes": ["iotman:workspace:read", "iotman:scopes:read"]}
    key = tenant.call("POST", "/api-keys", json=wanted).json()["secret"]
    assert set(numbers(tenant, key)) == {"scopes"}
