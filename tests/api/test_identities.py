"""Identities of people, over HTTP: linked, shown and unlinked."""

from __future__ import annotations

import pytest

from scopewright.core.model import ClientType, PrincipalKind
from tests.api.plane import Plane, assert_refused
from tests.inprocess import Tenant

MEMBER = PrincipalKind.MEMBER


def path(id: str, provider: str = "lab", subject: str = "ann") -> str:
    return f"/principals/{id}/identities/{provider}/{subject}"


def test_an_identity_is_linked_once_shown_and_unlinked(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    linked = tenant.call("PUT", path(ann.id))
    assert linked.status_code == 201
    assert linked.json() == {
        "provider": "lab",
        "subject": "ann",
        "linked_by": tenant.admin.id,
        "linked_at": linked.json()["linked_at"],
        "last_used_at": None,
    }
    again = tenant.call("PUT", path(ann.id))
    assert (again.status_code, again.json()) == (200, linked.json())
    listed = tenant.call("GET", f"/principals/{ann.id}/identities").json()["data"]
    assert [(one["provider"], one["subject"]) for one in listed] == [
        ("email", "ann@example.com"),
        ("lab", "ann"),
    ]
    page = tenant.call("GET", f"/principals/{ann.id}/identities?limit=1").json()
    rest = tenant.running.http.request(
        "GET", page["next_page"], headers={"authorization": f"Bearer {tenant.admin_key}"}
    )
    assert page["data"] + rest.json()["data"] == listed
    assert tenant.call("GET", f"/principals/{ann.id}").json()["identities"] == listed
    assert tenant.call("DELETE", path(ann.id)).status_code == 204
    assert_refused(tenant.call("DELETE", path(ann.id)), 404)
    audited = tenant.call("GET", "/audit?limit=2").json()["data"]
    assert [row["operation"] for row in audited] == ["identities:unlink", "identities:link"]


def test_an_address_of_another_spelling_is_the_same_and_names_the_person(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    assert tenant.call("PUT", path(ann.id, "email", "A.Nn@Example.com")).status_code == 201
    assert tenant.call("GET", "/end-users/a.nn@example.com").json()["id"] == ann.id
    body = {"email": "a.nn@example.com", "internal_scopes": ["iotman:scopes:read"]}
    assert tenant.call("POST", "/end-users", body).status_code == 200  # no second record
    assert tenant.held_by(ann) == {"iotman:scopes:read"}


def test_somebody_elses_identity_is_refused_without_telling_whose(tenant: Tenant) -> None:
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    tenant.call("PUT", path(ann.id))
    for provider, subject in (("lab", "ann"), ("email", "ann@example.com")):
        refused = tenant.call("PUT", path(bob.id, provider, subject))
        problem = assert_refused(refused, 409, conflict="identity")
        assert ann.id not in str(problem)
        assert ann.name not in problem["detail"]
    assert tenant.call("PUT", path(tenant.admin.id)).status_code == 201  # a record of its own
    assert_refused(tenant.call("DELETE", path(bob.id)), 404)
    assert_refused(tenant.call("DELETE", path(bob.id, "email", "ann@example.com")), 404)


def test_the_identity_that_somebody_is_called_by_is_not_unlinked(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    refused = tenant.call("DELETE", path(ann.id, "email", "ann@example.com"))
    assert_refused(refused, 409, conflict="identity")


def test_programs_and_groups_have_no_identities(tenant: Tenant) -> None:
    for id in (tenant.client()[0], tenant.group("Crew")):
        assert tenant.call("GET", f"/principals/{id}/identities").json()["data"] == []
        for method in ("PUT", "DELETE"):
            assert_refused(tenant.call(method, path(id)), 409, conflict="kind")
    assert_refused(tenant.call("GET", "/principals/nobody/identities"), 404)
    assert_refused(tenant.call("PUT", path("nobody")), 404)


@pytest.mark.parametrize(
    ("provider", "subject", "field"),
    [
        ("a%20b", "ann", "provider"),
        ("lab", "a%20b", "subject"),
        ("lab", "a%E2%80%A8b", "subject"),
        ("lab", "a" * 256, "subject"),
        ("email", "ann", "subject"),
    ],
)
def test_what_nobody_could_prove_is_refused_by_its_field(
    tenant: Tenant, provider: str, subject: str, field: str
) -> None:
    ann = tenant.person("ann@example.com")
    assert_refused(tenant.call("PUT", path(ann.id, provider, subject)), 422, field=field)
    assert len(tenant.call("GET", f"/principals/{ann.id}/identities").json()["data"]) == 1


def test_whoever_links_must_hold_all_that_the_person_holds(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    tenant.grant(ann, "iotman:audit:read")
    keeper = tenant.key(tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:principals:update")[0])
    refused = tenant.call("PUT", path(ann.id), bearer=keeper)
    assert_refused(refused, 403, missing=["iotman:audit:read"])
    refused = tenant.call("PUT", path(tenant.admin.id), bearer=keeper)
    assert refused.status_code == 403
    assert len(tenant.call("GET", f"/principals/{ann.id}").json()["identities"]) == 1


def test_unlinking_signs_the_person_out(tenant: Tenant) -> None:
    plane, clock = Plane(tenant), tenant.running.clock
    ann, app = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    tenant.grant(ann, "iotman:scopes:read")
    tenant.call("PUT", path(ann.id))
    token = plane.person_token(ann, app)
    clock.advance(seconds=2)
    assert tenant.call("GET", "/scopes", bearer=token).status_code == 200
    assert tenant.call("DELETE", path(ann.id)).status_code == 204
    assert tenant.call("GET", "/scopes", bearer=token).status_code == 401
    shown = tenant.call("GET", f"/principals/{ann.id}").json()
    assert [one["ended"] for one in shown["sessions"]] == [True]
