"""`verify?application=NAME`: the application's route rules decide about the proxied request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from scopewright.core.model import ChangeKind, TokenOverrides
from scopewright.core.scopes import Requested
from scopewright.store import applications, gateway_routes, workspaces
from tests.clock import FrozenClock
from tests.gateway.viewer import READ, USER, WRITE, Viewer, told
from tests.people import Stage, next_stage, set_stage

RESOURCE = "https://viewer.example/api"


# --- which rule, which scopes -------------------------------------------------------------------


@pytest.mark.parametrize("proxy", ["nginx", "Caddy"])
def test_each_proxys_question_is_understood(viewer: Viewer, proxy: str) -> None:
    viewer.route("/data/**", "GET")
    viewer.route("/data/**", "POST", needs=(WRITE,))
    token = viewer.machine_token(READ)
    assert viewer.bearing(token, "/data/1?x=y", proxy=proxy).status_code == 204
    assert viewer.bearing(token, "/data/1", method="POST", proxy=proxy).status_code == 403
    assert viewer.bearing(token, "/other", proxy=proxy).status_code == 403


def test_the_application_is_told_who_passes_and_gets_the_credential_as_it_came(
    viewer: Viewer,
) -> None:
    viewer.route("/**")
    client, _ = viewer.machine(READ)
    token = viewer.machine_token(READ, "sensor:read")
    answer = viewer.bearing(token)
    assert answer.headers["x-auth-scopes"] == f"sensor:read {READ}"
    assert answer.headers["x-auth-subject"] == answer.headers["x-auth-client"] != client.id
    assert answer.headers["authorization"] == f"Bearer {token}"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == b""


def test_a_missing_scope_is_named(viewer: Viewer) -> None:
    viewer.route("/**", needs=(READ, WRITE))
    answer = viewer.bearing(viewer.machine_token(READ))
    assert answer.status_code == 403
    assert f'scope="{WRITE}"' in answer.headers["www-authenticate"]


def test_who_holds_no_scope_of_the_application_stays_out_of_all_of_it(viewer: Viewer) -> None:
    viewer.route("/**", needs=("sensor:read",))
    viewer.route("/open/**", needs=())
    token = viewer.machine_token("sensor:read")
    assert viewer.bearing(token).status_code == 403
    assert viewer.bearing(token, "/open/a").status_code == 204


def test_what_is_undeclared_is_refused_to_everybody(viewer: Viewer) -> None:
    viewer.route("/a", "GET")
    token = viewer.machine_token(READ, WRITE)
    for target, method in (("/b", "GET"), ("/a", "POST"), ("/a/", "GET"), ("/a/b", "GET")):
        assert viewer.bearing(token, target, method=method).status_code == 403
        assert viewer.ask(target, method=method).status_code == 403
    viewer.host = "elsewhere.example"
    assert viewer.bearing(token, "/a").status_code == 403


def test_an_application_that_is_not_there_lets_nobody_in(viewer: Viewer) -> None:
    viewer.route("/**", needs=())
    assert viewer.ask("/").status_code == 204
    for query in ("application=editor", "application=", "application=Viewer"):
        assert viewer.ask("/", query=query).status_code == 403


def test_a_public_route_asks_for_nothing_and_tells_nothing(viewer: Viewer) -> None:
    viewer.route("/**")
    viewer.route("/public/*", needs=())
    sent = {"authorization": "Basic eA==", "cookie": "a=1; __Host-scopewright_session=swg_x"}
    answer = viewer.ask("/public/a", headers=sent)
    assert answer.status_code == 204
    assert answer.headers["authorization"] == "Basic eA=="  # the application's own business
    assert answer.headers["cookie"] == "a=1"
    assert not [name for name in answer.headers if name.startswith("x-auth")]
    assert "authorization" not in viewer.ask("/public/a").headers


def test_rules_that_change_count_for_the_next_request(viewer: Viewer) -> None:
    token, route = viewer.machine_token(READ), viewer.route("/a")
    assert viewer.bearing(token, "/a").status_code == 204
    viewer.route("/a", "GET", needs=(WRITE,))
    assert viewer.bearing(token, "/a").status_code == 403
    viewer.change(
        ChangeKind.VOCABULARY,
        route.id,
        lambda tx: applications.remove(tx, viewer.application.id),
    )
    assert viewer.bearing(token, "/a").status_code == 403
    with viewer.stage.database.read() as tx:
        assert gateway_routes.of_application(tx, viewer.application.id) == []


@pytest.mark.parametrize(
    "query",
    [
        "application=viewer&scope=a",
        "application=viewer&any=1",
        "application=viewer&application=viewer",
        "application=viewer&x=1",
    ],
)
def test_a_question_that_asks_two_ways_at_once_is_refused(viewer: Viewer, query: str) -> None:
    viewer.route("/**", needs=())
    assert viewer.ask("/", query=query).status_code == 400


# --- credentials --------------------------------------------------------------------------------


def test_each_kind_of_credential_passes_where_it_is_let_in(viewer: Viewer) -> None:
    for kind in ("token", "api_key", "browser"):
        viewer.route(f"/{kind}", credentials=frozenset({kind}))
    ann = viewer.person("ann@example.com", USER)
    token, key = viewer.machine_token(READ), viewer.key(ann)
    passes = {
        (name, path): viewer.bearing(secret, f"/{path}").status_code
        for name, secret in (("token", token), ("api_key", key))
        for path in ("token", "api_key", "browser")
    }
    assert {pair for pair, status in passes.items() if status == 204} == {
        ("token", "token"),
        ("api_key", "api_key"),
    }
    assert set(passes.values()) == {204, 403}


@pytest.mark.parametrize(
    "authorization", ["Bearer junk", "Bearer swk_x", "Basic YTpi", "junk", "Bearer a.b.c", ""]
)
def test_a_bad_credential_is_refused_and_nobody_is_sent_anywhere(
    viewer: Viewer, authorization: str
) -> None:
    viewer.route("/**")
    for accept in ("*/*", "text/html"):
        sent = {"authorization": authorization, "accept": accept}
        answer = viewer.ask("/", headers=sent)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert answer.json()["error"] == "invalid_token"


def test_a_program_without_a_credential_is_told_so(viewer: Viewer) -> None:
    viewer.route("/**")
    for method, accept in (("GET", "*/*"), ("GET", "application/json"), ("POST", "text/html")):
        answer = viewer.ask("/", method=method, headers={"accept": accept})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="scopewright"'
        assert "location" not in answer.headers


def test_a_key_is_decided_from_what_is_held_now(viewer: Viewer) -> None:
    viewer.route("/**")
    ann = viewer.person("ann@example.com", USER)
    key, narrow = viewer.key(ann), viewer.key(ann, Requested(frozenset({WRITE})))
    assert viewer.bearing(key).status_code == 204
    assert viewer.bearing(narrow).status_code == 403
    viewer.unassign(ann, USER)
    assert viewer.bearing(key).status_code == 403
    viewer.assign(ann, USER)
    assert viewer.bearing(key).status_code == 204


@pytest.mark.parametrize(("live", "after"), [(False, 204), (True, 403)])
def test_a_token_keeps_its_scopes_unless_the_workspace_says_otherwise(
    viewer: Viewer, live: bool, after: int
) -> None:
    viewer.route("/**")
    here = replace(viewer.stage.workspace, tokens=TokenOverrides(live_scopes=live))
    viewer.change(ChangeKind.WORKSPACE, here.id, lambda tx: workspaces.change(tx, here))
    client, secret = viewer.machine(READ)
    token = viewer.token(client, secret)
    assert viewer.bearing(token).status_code == 204
    viewer.revoke(client.id, READ)
    assert viewer.bearing(token).status_code == after


def test_a_token_for_the_application_alone_passes_there(gateway_stage: Stage) -> None:
    viewer = Viewer(next_stage(gateway_stage), resource=RESOURCE)
    viewer.route("/**")
    token = viewer.machine_token(READ, resource=RESOURCE)
    assert viewer.bearing(token).status_code == 204
    for audience, status in ((RESOURCE, 204), (viewer.workspace_id, 401), ("other", 401)):
        query = f"application=viewer&aud={audience}"
        assert viewer.bearing(token, query=query).status_code == status
    moved = replace(viewer.application, resource=None)
    viewer.change(ChangeKind.VOCABULARY, "viewer", lambda tx: applications.change(tx, moved))
    assert viewer.bearing(token).status_code == 401


def test_a_key_is_for_the_workspace_itself(viewer: Viewer) -> None:
    viewer.route("/**")
    key = viewer.key(viewer.person("ann@example.com", USER))
    for audience, status in ((viewer.workspace_id, 204), (RESOURCE, 401)):
        query = f"application=viewer&aud={audience}"
        assert viewer.bearing(key, query=query).status_code == status


# --- whom we believe ----------------------------------------------------------------------------


def test_a_stranger_is_not_believed_and_the_log_says_so_once(viewer: Viewer) -> None:
    viewer.route("/**", needs=())
    with capture_logs() as logged:
        for peer in ("10.9.9.9", "10.9.9.9", "10.9.9.8"):
            assert viewer.ask("/", peer=peer).status_code == 403
    assert len([line for line in logged if line["log_level"] == "warning"]) <= 1


def test_no_proxy_is_trusted_unless_it_is_named(tmp_path: Path) -> None:
    stage = set_stage(f"sqlite:///{tmp_path / 'scopewright.db'}", FrozenClock())
    with stage.runner:
        alone = Viewer(stage)
        alone.route("/**", needs=())
        with capture_logs() as logged:
            assert [alone.ask("/").status_code for _ in range(3)] == [403] * 3
        warned = [line for line in logged if line["log_level"] == "warning"]
        assert [line["peer"] for line in warned] == ["127.0.0.1"]
        assert "server.trusted_proxies" in warned[0]["event"]
        stage.runner.run(stage.application.close())
    stage.database.close()


TOLD = {proxy: list(told(proxy, "GET", "/a", scheme="https", host="viewer.example").items())
        for proxy in ("nginx", "Caddy")}  # fmt: skip


@pytest.mark.parametrize("proxy", TOLD)
def test_each_header_that_tells_of_the_request_stands_once_and_by_its_own_name(
    viewer: Viewer, proxy: str
) -> None:
    viewer.route("/**", needs=())
    headers = TOLD[proxy]
    assert viewer.put(headers).status_code == 204
    for name, value in headers:
        rest = [pair for pair in headers if pair[0] != name]
        if "method" not in name:
            assert viewer.put(rest).status_code == 403, f"without {name}"
        assert viewer.put([*headers, (name, value)]).status_code == 403, f"{name} twice"
        for alias in (name.replace("-", "_"), name.replace("-", "."), name.replace("-", "_", 1)):
            assert viewer.put([*headers, (alias, value)]).status_code == 403, alias
            assert viewer.put([*rest, (alias, value)]).status_code == 403, f"only {alias}"


def test_a_question_put_in_two_ways_is_refused(viewer: Viewer) -> None:
    viewer.route("/**", needs=())
    for more in ("x-original-uri", "x-original-method"):
        assert viewer.put([*TOLD["Caddy"], (more, "/a")]).status_code == 403
    for more in ("x-forwarded-uri", "x-forwarded-method"):
        assert viewer.put([*TOLD["nginx"], (more, "/a")]).status_code == 403
    assert viewer.put([]).status_code == 403


@pytest.mark.parametrize("proxy", TOLD)
def test_a_method_that_the_proxy_does_not_tell_counts_as_post(viewer: Viewer, proxy: str) -> None:
    viewer.route("/a", "GET", needs=())
    silent = [pair for pair in TOLD[proxy] if "method" not in pair[0]]
    assert viewer.put(silent).status_code == 403
    viewer.route("/a", "POST", needs=())
    assert viewer.put(silent).status_code == 204


@pytest.mark.parametrize(
    "own",
    [
        "x-auth-subject",
        "X_Auth_Subject",
        "x.auth.scopes",
        "x-auth_client",
        "x-auth-anything",
        "x-http-method-override",
        "x_http_method_override",
        "x-original-url",
        "x-rewrite-url",
    ],
)
def test_what_only_the_gateway_may_say_no_client_says(viewer: Viewer, own: str) -> None:
    viewer.route("/**", needs=())
    token = viewer.machine_token(READ)
    assert viewer.bearing(token).status_code == 204
    assert viewer.ask("/", headers={own: "admin"}).status_code == 403


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-forwarded-host", "viewer.example, evil.example"),
        ("x-forwarded-host", "viewer.example/a"),
        ("x-forwarded-host", ""),
        ("x-forwarded-proto", "HTTPS"),
        ("x-forwarded-proto", "https,http"),
        ("x-forwarded-proto", "wss"),
        ("x-forwarded-method", "GET /"),
        ("x-forwarded-method", ""),
        ("x-forwarded-uri", "https://viewer.example/a"),
        ("x-forwarded-uri", "/a/../b"),
        ("x-forwarded-uri", "/a%2fb"),
        ("x-forwarded-uri", "/a;b"),
        ("x-forwarded-uri", "//a"),
        ("x-forwarded-uri", "/%00"),
        ("x-forwarded-uri", "/%zz"),
        ("x-forwarded-uri", "*"),
        ("x-forwarded-uri", ""),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_even_where_all_is_public(
    viewer: Viewer, header: str, value: str
) -> None:
    viewer.route("/**", needs=())
    headers = [pair for pair in TOLD["Caddy"] if pair[0] != header]
    answer = viewer.put([*headers, (header, value)])
    assert answer.status_code == 403
    assert answer.json()["error_description"]


def test_a_header_of_the_clients_that_stands_twice_is_refused(viewer: Viewer) -> None:
    viewer.route("/**")
    token = viewer.machine_token(READ)
    twice = [("authorization", f"Bearer {token}")] * 2
    assert viewer.put([*TOLD["Caddy"], *twice[:1]]).status_code == 204
    assert viewer.put([*TOLD["Caddy"], *twice]).status_code == 403
