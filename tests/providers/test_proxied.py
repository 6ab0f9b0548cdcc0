"""Tokens of another OpenID provider at our API: whose they are, what they open, what is refused."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from scopewright.core.errors import Invalid
from scopewright.core.identities import LinkedIdentity
from scopewright.core.model import (
    ChangeKind,
    Endpoint,
    EndpointAuthentication,
    Grant,
    Identity,
    Principal,
    PrincipalKind,
)
from scopewright.core.tokens import LONGEST_ACCESS
from scopewright.ids import new_uuid
from scopewright.store import (
    assignments,
    changes,
    endpoints,
    grants,
    identities,
    principals,
    schema,
    standing,
    workspaces,
)
from tests.client_keys import ClientKey
from tests.people import Stage
from tests.providers.stages import Open, record, sent_away
from tests.providers.test_oidc import broken
from tests.providers.upstreams import AUDIENCE, NOW, Upstream
from tests.tls import CertificateAuthority

SECONDS = int(NOW.timestamp())
WHOAMI = "/api/whoami"
Opened = Callable[..., Stage]


@pytest.fixture
def proxied(
    opened: Open, upstream: Upstream, certificate_authority: CertificateAuthority
) -> Opened:
    """Opens a stage that takes the upstream's tokens; what else is said of it by keyword."""

    def with_provider(
        *,
        args: dict[str, Any] | None = None,
        sections: dict[str, Any] | None = None,
        authentication: dict[str, Any] | None = None,
        **said: Any,
    ) -> Stage:
        given = {"issuer": upstream.issuer, "audience": AUDIENCE} | (args or {})
        provider = {"provider": "up", "authenticator": "proxied", "args": given} | said
        outbound = {
            "allow": [upstream.site.allow],
            "ca_file": str(certificate_authority.ca_file),
            "timeout": 2,
        }
        sections = {"outbound": outbound, **(sections or {})}
        return opened(provider, sections=sections, **(authentication or {}))

    return with_provider


@pytest.fixture
def stage(proxied: Opened) -> Stage:
    """With a person whom the upstream calls u-1, who holds two scopes."""
    stage = proxied()
    invite(stage, "u-1", "sensor:read", "sensor:write")
    return stage


def invite(stage: Stage, subject: str, *holding: str) -> Principal:
    now, here = stage.clock(), stage.workspace.id
    kind, identity = PrincipalKind.END_USER, Identity("up", subject)
    person = Principal(new_uuid(), here, kind, subject, identity, now)
    with stage.database.write() as tx:
        principals.add(tx, person)
        for scope in holding:
            grants.add(tx, here, grant=Grant(person.id, scope, "admin", now))
    return person


def asked(stage: Stage, token: str, path: str = WHOAMI, method: str = "GET", **sent: Any) -> Any:
    headers = {"authorization": f"Bearer {token}"}
    return stage.browser().ask(method, path, headers=headers, **sent)


def scopes(stage: Stage, token: str) -> Any:
    answer = asked(stage, token)
    return answer.json()["scopes"] if answer.status_code == 200 else answer.status_code


def changed(
    stage: Stage,
    person: str,
    kind: ChangeKind,
    change: Callable[[Any], Any],
    **more: Any,
) -> None:
    """What happens to a person beneath the API."""
    with stage.database.write() as tx:
        workspaces.touch(tx, stage.workspace.id, kind, person, at=stage.clock(), **more)
        change(tx)


def assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.headers["content-type"] == "application/problem+json"


# --- whose it is, and what it opens --------------------------------------------------------------


def test_it_opens_what_its_scopes_and_what_its_person_holds_have_in_common(
    stage: Stage, upstream: Upstream
) -> None:
    said = asked(stage, upstream.access_token(scope="openid sensor:read video:gold")).json()
    assert said["scopes"] == ["sensor:read"]
    assert said["principal"]["name"] == "u-1"
    assert (said["via"], said["workspace"]) == ("token", stage.workspace.id)


def test_whatever_it_names_is_never_more_than_is_held(stage: Stage, upstream: Upstream) -> None:
    for said, found in (
        ({"scope": None, "scp": "sensor:write sensor:read"}, ["sensor:read", "sensor:write"]),
        ({"scope": None, "scp": ["sensor:write"]}, ["sensor:write"]),
        ({"scope": None}, []),
        ({"scope": ""}, []),
        ({"scope": "inherit"}, []),
        ({"scope": "iotman:scopes:read"}, []),
    ):
        assert scopes(stage, upstream.access_token(**said)) == found, said


def test_its_scopes_may_have_other_names_here(proxied: Opened, upstream: Upstream) -> None:
    stage = proxied(args={"scopes_map": {"Data.Read": ["sensor:read"], "All": ["video:gold"]}})
    invite(stage, "u-1", "sensor:read", "sensor:write")
    token = upstream.access_token(scope="Data.Read All sensor:write", typ="JWT")
    assert scopes(stage, token) == ["sensor:read"]


def test_the_management_api_lets_it_in_by_what_its_person_holds_of_our_own_scopes(
    stage: Stage, upstream: Upstream
) -> None:
    path = f"/api/workspaces/{stage.workspace.id}/scopes"
    token = upstream.access_token(scope="iotman:scopes:read iotman:scopes:create")
    assert asked(stage, token, path).status_code == 403
    person = record(stage, "u-1", provider="up")
    assert person is not None
    given = Grant(person.id, "iotman:scopes:read", "admin", stage.clock())
    changed(
        stage,
        person.id,
        ChangeKind.HOLDINGS,
        lambda tx: grants.add(tx, stage.workspace.id, grant=given),
    )
    assert asked(stage, token, path).status_code == 200
    assert asked(stage, token, path, "POST", json={"name": "x:y"}).status_code == 403


def test_ingest_takes_data_by_it(stage: Stage, upstream: Upstream) -> None:
    taking, none = EndpointAuthentication.OAUTH2, frozenset[str]()
    here = stage.workspace.id
    endpoint = Endpoint("end_1", here, "e", "e", taking, "sensor:write", none, False, NOW, NOW)
    with stage.database.write() as tx:
        endpoints.add(tx, endpoint)
    path = f"/data/{stage.workspace.slug}/e"
    for scope, status in (("sensor:write", 202), ("sensor:read", 403)):
        token = upstream.access_token(scope=scope)
        answer = asked(stage, token, path, "POST", json={"t": 1})
        assert answer.status_code == status, answer.text
    assert_refused(asked(stage, upstream.access_token(aud="x"), path, "POST", json={"t": 1}))


def test_what_is_taken_from_its_person_is_gone_at_the_very_next_request(
    stage: Stage, upstream: Upstream
) -> None:
    person = record(stage, "u-1", provider="up")
    assert person is not None
    token = upstream.access_token(scope="sensor:read sensor:write")
    assert scopes(stage, token) == ["sensor:read", "sensor:write"]
    changed(
        stage,
        person.id,
        ChangeKind.HOLDINGS,
        lambda tx: grants.remove(tx, principal_id=person.id, scope="sensor:write"),
    )
    assert scopes(stage, token) == ["sensor:read"]


def test_whoever_is_disabled_or_removed_is_refused_at_the_very_next_request(
    stage: Stage, upstream: Upstream
) -> None:
    person = record(stage, "u-1", provider="up")
    assert person is not None
    token = upstream.access_token()
    for change in (
        lambda tx: standing.disable(tx, person.id, at=stage.clock()),
        lambda tx: standing.enable(tx, person.id),
        lambda tx: principals.remove(tx, person.id),
    ):
        before = asked(stage, token).status_code
        changed(stage, person.id, ChangeKind.PRINCIPAL, change)
        after = asked(stage, token).status_code
        assert {before, after} == {200, 401}


def test_whoever_is_signed_out_everywhere_needs_a_newer_token(
    stage: Stage, upstream: Upstream
) -> None:
    person = record(stage, "u-1", provider="up")
    assert person is not None
    token = upstream.access_token()
    assert scopes(stage, token) == ["sensor:read"]
    stage.clock.advance(seconds=1)
    out, forget_at = standing.sign_out, stage.clock() + LONGEST_ACCESS
    changed(
        stage,
        person.id,
        ChangeKind.PRINCIPAL,
        lambda tx: out(tx, person, at=stage.clock(), why="signed out"),
        forget_at=forget_at,
    )
    assert scopes(stage, token) == 401
    stage.clock.advance(seconds=1)
    assert scopes(stage, upstream.access_token(iat=SECONDS + 2)) == ["sensor:read"]
    long_lived = SECONDS + 30 * 24 * 3600
    now = stage.clock.advance(days=3)  # so long none of our own tokens lives
    upstream.publish()
    changed(
        stage,
        person.id,
        ChangeKind.HOLDINGS,
        lambda tx: changes.purge(tx, before=now, now=now),
    )
    assert scopes(stage, upstream.access_token(exp=long_lived)) == 401
    assert scopes(stage, upstream.access_token(exp=long_lived, iat=SECONDS + 2)) == ["sensor:read"]


# --- a token counts as a sign-in ------------------------------------------------------------------


def test_a_stranger_is_refused_where_nobody_invited_them_and_nothing_is_written(
    stage: Stage, upstream: Upstream
) -> None:
    assert_refused(asked(stage, upstream.access_token(sub="stranger")))
    assert record(stage, "stranger", provider="up") is None


def test_where_the_settings_let_it_the_first_token_makes_the_record_once(
    proxied: Opened, upstream: Upstream
) -> None:
    stage = proxied(on_first_sign_in="create")
    token = upstream.access_token(name="Ann")

    async def at_once() -> list[int]:
        transport = httpx.ASGITransport(stage.application)
        async with httpx.AsyncClient(transport=transport, base_url=stage.origin) as http:
            headers = {"authorization": f"Bearer {token}"}
            answers = await asyncio.gather(*(http.get(WHOAMI, headers=headers) for _ in range(12)))
        return [answer.status_code for answer in answers]

    assert stage.runner.run(at_once()) == [200] * 12
    found = record(stage, "u-1", provider="up")
    assert found is not None
    assert found.name == "Ann"
    with stage.database.read() as tx:
        assert len(principals.of_identity(tx, Identity("up", "u-1"))) == 1


def roles(stage: Stage) -> dict[str, str]:
    person = record(stage, "u-1", provider="up")
    assert person is not None
    with stage.database.read() as tx:
        return {one.role: one.assigned_by for one in assignments.of_principal(tx, person.id)}


def test_rules_look_at_what_it_says_and_an_older_one_brings_nothing_back(
    proxied: Opened, upstream: Upstream
) -> None:
    rule = {"claim": "groups", "value": "staff", "roles": ["iotman:viewer"]}
    stage = proxied(on_first_sign_in="create", rules=[rule])
    old = upstream.access_token(groups=["staff"], scope="iotman:scopes:read")
    new = upstream.access_token(groups=[], iat=SECONDS + 30)
    assert scopes(stage, old) == ["iotman:scopes:read"]
    assert roles(stage) == {"iotman:viewer": "token:up"}
    assert scopes(stage, new) == []
    assert roles(stage) == {}
    stage.clock.advance(minutes=2)
    assert scopes(stage, old) == []
    assert roles(stage) == {}


def test_what_is_from_before_its_person_was_signed_out_gives_nothing_either(
    proxied: Opened, upstream: Upstream
) -> None:
    rule = {"claim": "groups", "value": "staff", "roles": ["iotman:viewer"]}
    stage = proxied(rules=[rule])
    person = invite(stage, "u-1")
    stage.clock.advance(seconds=1)
    with stage.database.write() as tx:
        standing.sign_out(tx, person, at=stage.clock(), why="signed out")
    said = {"groups": ["staff"], "scope": "iotman:scopes:read"}
    assert scopes(stage, upstream.access_token(**said)) == 401
    assert roles(stage) == {}
    assert scopes(stage, upstream.access_token(**said, iat=SECONDS + 2)) == ["iotman:scopes:read"]


def test_what_somebody_takes_away_by_hand_the_same_token_does_not_give_again(
    proxied: Opened, upstream: Upstream
) -> None:
    rule = {"claim": "groups", "value": "staff", "roles": ["iotman:viewer"]}
    stage = proxied(on_first_sign_in="create", rules=[rule])
    token = upstream.access_token(groups=["staff"], scope="iotman:scopes:read")
    assert scopes(stage, token) == ["iotman:scopes:read"]
    person = record(stage, "u-1", provider="up")
    assert person is not None
    changed(
        stage,
        person.id,
        ChangeKind.HOLDINGS,
        lambda tx: assignments.remove(tx, principal_id=person.id, role="iotman:viewer"),
    )
    for _ in range(3):
        assert scopes(stage, token) == []
        stage.clock.advance(minutes=2)
    newer = upstream.access_token(groups=["staff"], scope="iotman:scopes:read", iat=SECONDS + 1)
    assert scopes(stage, newer) == ["iotman:scopes:read"]


def test_who_administers_by_the_settings_does_so_by_a_token_as_well(
    proxied: Opened, upstream: Upstream
) -> None:
    stage = proxied(authentication={"tiled_admins": [{"provider": "up", "id": "u-1"}]})
    scope = "iotman:scopes:delete"
    assert scopes(stage, upstream.access_token(scope=scope)) == [scope]
    assert scopes(stage, upstream.access_token(scope=scope, sub="u-2")) == 401


def test_nobody_acts_as_a_member_by_it(stage: Stage, upstream: Upstream) -> None:
    admin = stage.person("m@example.com", kind=PrincipalKind.MEMBER, role="iotman:admin")
    identity = Identity("up", "m-1")
    with stage.database.write() as tx:
        identities.add(tx, admin, LinkedIdentity(admin.id, identity, admin.id, NOW))
    assert_refused(asked(stage, upstream.access_token(sub="m-1", scope="iotman:scopes:read")))


def test_presented_again_and_again_it_is_neither_asked_about_nor_written_down(
    stage: Stage, upstream: Upstream
) -> None:
    def written() -> tuple[int, ...]:
        tables = (schema.changes, schema.audit, schema.assignments, schema.grants)
        with stage.database.read() as tx:
            return tuple(tx.scalar(select(func.count()).select_from(one)) for one in tables)

    token = upstream.access_token()
    before = written()
    for _ in range(20):
        assert scopes(stage, token) == ["sensor:read"]
        stage.clock.advance(seconds=10)
    assert written() == before
    asked_for = [one.path for one in upstream.site.received]
    assert sorted(asked_for) == ["/idp/.well-known/openid-configuration", "/idp/jwks"]


def test_it_is_written_down_once_a_minute_that_its_person_was_here(
    stage: Stage, upstream: Upstream
) -> None:
    def last_used() -> Any:
        with stage.database.read() as tx:
            identity, kind = Identity("up", "u-1"), PrincipalKind.END_USER
            linked = identities.get(tx, stage.workspace.id, kind=kind, identity=identity)
        assert linked is not None
        return linked.last_used_at

    token = upstream.access_token()
    for seconds, seen in ((0, 0), (59, 0), (1, 60)):
        stage.clock.advance(seconds=seconds)
        assert scopes(stage, token) == ["sensor:read"]
        assert last_used() == NOW + timedelta(seconds=seen)


def test_who_it_is_of_is_looked_at_anew_after_a_minute(stage: Stage, upstream: Upstream) -> None:
    token, rotated = upstream.access_token(), ClientKey(NOW, kid="two")
    assert scopes(stage, token) == ["sensor:read"]
    stage.clock.advance(seconds=31)
    upstream.publish(rotated)
    assert scopes(stage, upstream.access_token(key=rotated)) == ["sensor:read"]
    assert scopes(stage, token) == ["sensor:read"]
    stage.clock.advance(seconds=29)
    assert scopes(stage, token) == 401


def test_by_code_and_by_token_they_are_the_same_person(proxied: Opened, upstream: Upstream) -> None:
    stage = proxied(args={"client_id": "us"}, on_first_sign_in="create")
    browser = stage.browser()
    url = sent_away(browser).headers["refresh"].removeprefix("0; url=")
    query = dict(parse_qsl(urlsplit(url).query))
    upstream.grant(query["nonce"])
    back = f"/sign-in/from/up?{urlencode({'code': 'c', 'state': query['state']})}"
    assert browser.get(back).url.path == "/me"
    found = record(stage, "u-1", provider="up")
    assert found is not None
    assert asked(stage, upstream.access_token()).json()["principal"]["id"] == found.id


def test_without_a_client_id_nobody_is_offered_to_sign_in_there(stage: Stage) -> None:
    assert "/sign-in/with/up" not in stage.browser().get("/sign-in").text
    refused = stage.browser().ask("GET", "/sign-in/from/up?state=x")
    assert refused.status_code == 404


# --- what is refused ------------------------------------------------------------------------------


def test_a_token_for_anything_else_is_refused_before_anything_is_fetched(
    stage: Stage, upstream: Upstream
) -> None:
    path = f"/api/workspaces/{stage.workspace.id}/scopes"
    for said in (
        {"iss": "https://other.example"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"exp": SECONDS},
        {"exp": None},
        {"iat": SECONDS + 61},
        {"iat": None},
        {"nbf": SECONDS + 61},
        {"sub": None},
        {"sub": "a\0b"},
        {"cnf": {"jkt": "x"}},
        {"scope": {"sensor:read": True}},
        {"typ": "JWT", "nonce": "n"},
        {"typ": "JWT", "scope": None},
        {"typ": "logout+jwt", "events": {}},
    ):
        token = upstream.access_token(**said)
        for where in (WHOAMI, path):
            assert_refused(asked(stage, token, where))
    assert [one.path for one in upstream.site.received] == []
    assert_refused(asked(stage, upstream.access_token(typ="dpop+jwt")))


def test_an_algorithm_that_proves_nothing_is_refused(stage: Stage, upstream: Upstream) -> None:
    _, body, signature = upstream.access_token().split(".")
    for algorithm in ("none", "HS256"):
        header = {"alg": algorithm, "kid": upstream.key.kid, "typ": "at+jwt"}
        head = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        for end in ("", signature):
            assert_refused(asked(stage, f"{head}.{body}.{end}"))


def test_nothing_that_the_token_names_is_fetched_or_believed(
    stage: Stage, upstream: Upstream
) -> None:
    stranger = ClientKey(NOW, kid="mine")
    upstream.answer("/mine", stranger.jwks)
    url = upstream.site.url("/mine")
    claims = {"iss": upstream.issuer, "sub": "u-1", "aud": AUDIENCE, "exp": SECONDS + 60,
              "iat": SECONDS, "scope": "sensor:read"}  # fmt: skip
    assert scopes(stage, upstream.key.sign(claims, typ="at+jwt")) == ["sensor:read"]
    for header in ({"jku": url}, {"x5u": url}, {"jwk": stranger.public}):
        for key in (stranger, upstream.key):
            assert_refused(asked(stage, key.sign(claims, typ="at+jwt", **header)))
    assert_refused(asked(stage, stranger.sign(claims, typ="at+jwt")))
    assert_refused(asked(stage, stranger.sign({**claims, "iss": url}, typ="at+jwt")))
    assert "/mine" not in [one.path for one in upstream.site.received]


def test_a_key_that_is_new_is_looked_for_but_not_for_every_invented_one(
    stage: Stage, upstream: Upstream
) -> None:
    assert scopes(stage, upstream.access_token()) == ["sensor:read"]
    rotated = ClientKey(NOW, kid="two")
    stage.clock.advance(seconds=31)
    upstream.publish(upstream.key, rotated)
    assert scopes(stage, upstream.access_token(key=rotated)) == ["sensor:read"]
    for number in range(10):
        assert scopes(stage, upstream.access_token(key=ClientKey(NOW, kid=str(number)))) == 401
    assert [one.path for one in upstream.site.received] == ["/idp/jwks"]
    forged = ClientKey(NOW, kid="two")
    assert scopes(stage, upstream.access_token(key=forged)) == 401


@pytest.mark.parametrize(
    "case",
    ["slow", "gone", "failing", "no json", "a list", "another issuer", "no endpoint", "no https"],
)
def test_a_provider_that_is_away_slow_or_lying_is_a_refusal_and_left_alone_for_a_while(
    stage: Stage, upstream: Upstream, case: str
) -> None:
    broken(upstream)[case]()
    token = upstream.access_token()
    for _ in range(3):
        assert_refused(asked(stage, token))
    assert len(upstream.site.received) == 1
    upstream.publish()
    stage.clock.advance(seconds=31)
    assert scopes(stage, token) == ["sensor:read"]


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "aaaa"}]}, []])
def test_keys_that_are_none_are_a_refusal(stage: Stage, upstream: Upstream, keys: Any) -> None:
    upstream.answer("/idp/jwks", keys)
    assert_refused(asked(stage, upstream.access_token()))


def test_a_provider_that_goes_away_is_believed_a_while_by_what_it_said(
    stage: Stage, upstream: Upstream
) -> None:
    assert scopes(stage, upstream.access_token()) == ["sensor:read"]
    upstream.site.answers.clear()
    stage.clock.advance(minutes=11)
    assert scopes(stage, upstream.access_token(jti="t-2")) == ["sensor:read"]
    stage.clock.advance(hours=2)
    late = upstream.access_token(exp=SECONDS + 4 * 3600)
    assert scopes(stage, late) == 401


def test_it_is_over_when_it_says_so_however_lately_it_was_looked_at(
    stage: Stage, upstream: Upstream
) -> None:
    token = upstream.access_token(exp=SECONDS + 10)
    assert scopes(stage, token) == ["sensor:read"]
    stage.clock.advance(seconds=10)
    assert scopes(stage, token) == 401


def test_our_own_protocol_endpoints_do_not_take_it(stage: Stage, upstream: Upstream) -> None:
    token = upstream.access_token(aud=[AUDIENCE, stage.workspace.id])
    assert scopes(stage, token) == ["sensor:read"]
    for path in ("/userinfo", "/verify?any=1"):
        assert asked(stage, token, f"{stage.issuer}{path}").status_code == 401
    assert asked(stage, token, f"{stage.issuer}/mcp", "POST", json={}).status_code == 401
    client = stage.confidential("secret")
    auth = httpx.BasicAuth(client.id, "secret")
    told = stage.browser().ask(
        "POST", f"{stage.issuer}/introspect", data={"token": token}, auth=auth
    )
    assert told.json() == {"active": False}


def test_where_tokens_must_be_bound_to_a_key_it_is_not_taken(
    stage: Stage, upstream: Upstream
) -> None:
    stage.policy(security_profile="fapi2")
    assert scopes(stage, upstream.access_token()) == 401


def test_under_another_scheme_it_is_not_taken(stage: Stage, upstream: Upstream) -> None:
    headers = {"authorization": f"DPoP {upstream.access_token()}"}
    assert stage.browser().ask("GET", WHOAMI, headers=headers).status_code == 401


def test_a_request_that_names_no_workspace_is_for_the_only_one_of_its_person(
    stage: Stage, upstream: Upstream
) -> None:
    other = replace(stage)  # one more workspace on the same server
    token = upstream.access_token()
    assert asked(stage, token).json()["workspace"] == stage.workspace.id
    assert asked(stage, token, f"{WHOAMI}?workspace={other.workspace.id}").status_code == 401
    invite(other, "u-1", "video:gold")
    stage.clock.advance(minutes=2)
    assert asked(stage, token).status_code == 401
    told = asked(stage, token, f"{WHOAMI}?workspace={other.workspace.id}").json()
    assert told["workspace"] == other.workspace.id


# --- the settings ---------------------------------------------------------------------------------


def test_two_providers_cannot_take_the_tokens_of_one_issuer(
    opened: Open, upstream: Upstream
) -> None:
    args = {"issuer": upstream.issuer, "audience": AUDIENCE}
    other = {"provider": "again", "authenticator": "proxied", "args": args}
    first = {**other, "provider": "up"}
    with pytest.raises(Invalid, match="again"):
        opened(first, providers=[first, other])


def test_tiled_settings_of_such_a_provider_are_taken_as_they_are(
    proxied: Opened, upstream: Upstream
) -> None:
    args = {"client_id": "us", "client_secret": "s", "device_flow_client_id": "cli",
            "issuer": "", "well_known_uri": f"{upstream.issuer}/.well-known/openid-configuration",
            "confirmation_message": "Hi {id}", "scopes": ["a"]}  # fmt: skip
    stage = proxied(args=args, authenticator="tiled.authenticators:ProxiedOIDCAuthenticator")
    invite(stage, "u-1", "sensor:read")
    assert scopes(stage, upstream.access_token()) == ["sensor:read"]
    assert "/sign-in/with/up" in stage.browser().get("/sign-in").text
