"""Workspaces made without a caller, by settings, and by many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scopewright.core.caller import Caller
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.errors import Conflict, Forbidden, Invalid, NotFound
from scopewright.core.model import (
    ApiKey,
    Identity,
    IssuedToken,
    Principal,
    PrincipalKind,
    SignIn,
)
from scopewright.core.oauth import hash_secret
from scopewright.ids import api_key_id, new_id
from scopewright.services.founding import Founding
from scopewright.store import api_keys, issued_tokens, schema, vocabulary, workspaces
from tests.inprocess import ADMIN_ROLE, Running, Tenant

ANN = Identity("email", "ann@example.com")


def service(inside: Running) -> Founding:
    return inside.application.services.founding


def key_of(inside: Running, secret: str | None) -> ApiKey:
    with inside.database.read() as tx:
        key = api_keys.get(tx, api_key_id(secret or "") or "")
    assert key is not None
    return key


def signed_in(inside: Running, identity: Identity) -> SignIn:
    now = inside.clock()
    return SignIn("hash", identity, now, now, now + timedelta(days=1))


def initialise(inside: Running, **more: Any) -> dict[str, str | None]:
    asked = {"name": "Acme", "slug": "acme", "admin_email": "Ann@Example.com"} | more
    return service(inside).initialise(**asked)


# --- init ---------------------------------------------------------------------------------------


def test_init_makes_the_workspace_and_an_administrator_with_a_key(inside: Running) -> None:
    made = initialise(inside)
    assert made == {
        "workspace_id": made["workspace_id"],
        "slug": "acme",
        "issuer": f"http://127.0.0.1:8080/w/{made['workspace_id']}",
        "admin_email": "ann@example.com",
        "api_key": made["api_key"],
    }
    headers = {"authorization": f"Bearer {made['api_key']}"}
    answer = inside.http.request("GET", "/api/whoami", headers=headers).json()
    with inside.database.read() as tx:
        words = vocabulary.here(tx, str(made["workspace_id"]), service(inside).catalogues)
    assert set(answer["scopes"]) == words.guarded
    assert answer["principal"]["name"] == "ann@example.com"


def test_init_again_makes_nothing_and_shows_no_key(inside: Running) -> None:
    made = initialise(inside)
    again = initialise(inside, name="Other", admin_email="bob@example.com")
    assert again == {**made, "api_key": None}
    assert len(inside.application.services.workspaces.of_identity(ANN)) == 1
    assert (
        inside.application.services.workspaces.of_identity(Identity("email", "bob@example.com"))
        == []
    )


def test_init_makes_the_first_administrator_of_a_workspace_that_has_none(inside: Running) -> None:
    made = initialise(inside)
    with inside.database.write() as tx:
        tx.run(schema.assignments.delete())
    again = initialise(inside, admin_email="bob@example.com")
    assert again["admin_email"] == "bob@example.com"
    assert again["workspace_id"] == made["workspace_id"]
    assert key_of(inside, again["api_key"]).inherits


def test_only_the_hash_of_the_first_key_is_kept(inside: Running) -> None:
    secret = str(initialise(inside)["api_key"])
    key = key_of(inside, secret)
    assert key.secret_hash == hash_secret(secret)
    assert key.inherits
    assert key.expires_at is None


# --- who may create -----------------------------------------------------------------------------


def test_where_only_administrators_create_other_members_may_not(inside: Running) -> None:
    strict = replace(service(inside), creation="administrators", administrators=["Ann@Example.com"])
    initialise(inside)
    bob = Identity("email", "bob@example.com")
    strict.create(bob, name="Bob's")
    with pytest.raises(Forbidden):
        strict.create_for(signed_in(inside, bob), name="More")
    made, secret = strict.create_for(signed_in(inside, ANN), name="More")
    assert (made.slug, secret) == ("more", None)


def test_an_address_of_another_provider_administers_nothing(inside: Running) -> None:
    strict = replace(service(inside), creation="administrators", administrators=["ann@example.com"])
    false_ann = Identity("toy", "ann@example.com")
    strict.create(false_ann, name="Toys")
    with pytest.raises(Forbidden):
        strict.create_for(signed_in(inside, false_ann), name="More")


def test_a_key_made_by_a_key_lives_no_longer_than_it(inside: Running) -> None:
    tenant = Tenant(inside)
    secret = tenant.admin_key
    until = inside.clock() + timedelta(days=3)
    with inside.database.write() as tx:
        changed = schema.api_keys.update().where(schema.api_keys.c.id == api_key_id(secret))
        tx.run(changed.values(expires_at=until))
    _, new = service(inside).create_for(caller(tenant, secret), name="More")
    assert key_of(inside, new).expires_at == until


def test_an_inheriting_key_minted_by_a_narrower_one_creates_nothing(inside: Running) -> None:
    tenant = Tenant(inside)
    narrow, child = tenant.key_with("iotman:scopes:read"), tenant.key(tenant.admin)
    with inside.database.write() as tx:
        changed = schema.api_keys.update().where(schema.api_keys.c.id == api_key_id(child))
        tx.run(changed.values(parent_id=api_key_id(narrow)))
    with pytest.raises(Forbidden):
        service(inside).create_for(caller(tenant, child), name="More")


# --- slugs and catalogues -----------------------------------------------------------------------


def test_many_who_ask_at_once_get_different_slugs(inside: Running) -> None:
    def create(_: int) -> str:
        return service(inside).create(ANN, name="Acme")[0].slug

    with ThreadPoolExecutor(4) as threads:
        slugs = list(threads.map(create, range(8)))
    assert sorted(slugs) == sorted(["acme", *(f"acme-{number}" for number in range(2, 9))])


def test_a_long_name_makes_a_slug_that_still_fits_when_it_is_numbered(inside: Running) -> None:
    slugs = [service(inside).create(ANN, name="a" * 100)[0].slug for _ in range(2)]
    assert slugs == ["a" * 63, "a" * 61 + "-2"]


def test_a_name_without_a_usable_letter_makes_a_slug_all_the_same(inside: Running) -> None:
    assert service(inside).create(ANN, name="✓")[0].slug == "workspace"


@pytest.mark.parametrize(
    ("asked", "enabled"),
    [
        ([], ("internal", "plain")),
        (["internal"], ("internal", "plain")),
        (["plain", "internal"], ("internal", "plain")),
        (["other"], ("internal", "other")),
        (["other", "internal", "other", "plain"], ("internal", "other")),
    ],
)
def test_internal_comes_first_and_plain_only_alone(
    inside: Running, asked: list[str], enabled: tuple[str, ...]
) -> None:
    made, _ = with_another_catalogue(inside).create(ANN, name="Acme", catalogues=asked)
    assert made.catalogues == enabled


def test_a_slug_that_a_catalogue_reserves_is_refused_where_it_is_enabled(inside: Running) -> None:
    here = with_another_catalogue(inside)
    with pytest.raises(Conflict):
        here.create(ANN, name="Core", slug="core", catalogues=["other"])
    assert here.create(ANN, name="Core", catalogues=["other"])[0].slug == "core-2"
    assert here.create(ANN, name="Core")[0].slug == "core"


def test_a_refused_workspace_leaves_nothing_behind(inside: Running) -> None:
    for wrong in ({"name": ""}, {"name": "A", "slug": "A"}, {"name": "A", "catalogues": ["no"]}):
        with pytest.raises(Invalid):
            service(inside).create(ANN, **wrong)  # type: ignore[arg-type]
    assert inside.application.services.workspaces.of_identity(ANN) == []


# --- deleting -----------------------------------------------------------------------------------


def test_no_table_remembers_a_deleted_workspace(inside: Running) -> None:
    gone, kept = Tenant(inside), Tenant(inside)
    now, client = inside.clock(), gone.client()[0]
    token = IssuedToken(
        new_id("tok"), gone.id, client, client, None, frozenset(), now, now + timedelta(hours=1)
    )
    with inside.database.write() as tx:
        issued_tokens.add_many(tx, [token, replace(token, id=new_id("tok"), workspace_id=kept.id)])
    gone.session(gone.person("x@example.com"), client)
    inside.application.services.workspaces.delete(caller(gone, gone.admin_key))
    left = {
        table.name: column.name
        for table in schema.metadata.sorted_tables
        for column in table.columns
        if column.name in ("workspace_id", "id") and mentions(inside, column, gone.id)
    }
    assert left == {}
    with inside.database.read() as tx:
        assert len(tx.all(select(schema.issued_tokens))) == 1
        assert workspaces.get(tx, kept.id) is not None
    with pytest.raises(NotFound):
        inside.application.services.workspaces.delete(caller(gone, gone.admin_key))


def test_two_deletions_at_once_leave_a_person_one_workspace(inside: Running) -> None:
    for _ in range(5):
        one, two = Tenant(inside), Tenant(inside)
        only_there = f"{new_id('ann')}@example.com"
        callers = []
        for tenant in (one, two):
            person = tenant.person(only_there, kind=PrincipalKind.MEMBER)
            tenant.assign(person, ADMIN_ROLE)
            callers.append(caller(tenant, "", principal=person))

        def delete(by: Caller) -> bool:
            try:
                inside.application.services.workspaces.delete(by)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(delete, callers)) == [False, True]


def caller(tenant: Tenant, secret: str, *, principal: Principal | None = None) -> Caller:
    """Whoever presents this key, with everything that can be held."""
    words = Vocabulary((tenant.running.application.services.founding.catalogues["internal"],))
    key_id = api_key_id(secret)
    return Caller(principal or tenant.admin, words.guarded, words, "api_key", key_id=key_id)


def with_another_catalogue(inside: Running) -> Founding:
    other = Catalogue("other", "Other", reserved_slugs=frozenset({"core"}))
    return replace(service(inside), catalogues={**service(inside).catalogues, "other": other})


def mentions(inside: Running, column: Any, workspace_id: str) -> bool:
    with inside.database.read() as tx:
        return bool(tx.all(select(column).where(column == workspace_id)))
