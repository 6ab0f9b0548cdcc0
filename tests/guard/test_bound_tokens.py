"""The guard and tokens bound to a key: DPoP (RFC 9449 §7) and client certificates (RFC 8705 §3)."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from scopewright.core.errors import InvalidToken
from scopewright.guard import Guard, Policy, Rules, Unavailable
from scopewright.guard.asgi import GuardMiddleware
from scopewright.guard.binding import Binding
from scopewright.guard.certificates import thumbprint
from scopewright.guard.dpop import AGE
from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.memory import Spent
from scopewright.guard.nonces import LIFETIME
from scopewright.guard.possession import Possession
from scopewright.guard.shown import shown_in_asgi, shown_in_wsgi
from scopewright.guard.starlette import protected
from tests.clock import FrozenClock
from tests.guard.applications import TestClient, asgi_client, wsgi_client

RESOURCE = "https://sensors.example/api"
URL = "https://sensors.example/readings"
READ = "sensor:read"
RULES = Rules({"GET /readings": READ, "POST /readings": READ})
SECRET = b"shared by all of its processes"
Open = Callable[[Guard], AbstractContextManager[httpx.Client]]


def fastapi_client(guard: Guard, _rules: Rules) -> AbstractContextManager[httpx.Client]:
    """Its routes are checked twice: by their router and by themselves."""
    app, router = FastAPI(), APIRouter(dependencies=[Depends(guard.requires(READ))])
    app.add_middleware(GuardMiddleware, guard=guard)
    itself = [Depends(guard.requires())]

    @router.api_route("/readings", methods=["GET", "POST"], dependencies=itself)
    def readings() -> str:
        return "read"

    app.include_router(router)
    return _as_it_is(TestClient(app))


def starlette_client(guard: Guard, _rules: Rules) -> AbstractContextManager[httpx.Client]:
    @protected(guard, READ)
    def readings(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("read")

    app = Starlette(routes=[Route("/readings", readings, methods=["GET", "POST"])])
    app.add_middleware(GuardMiddleware, guard=guard)
    return _as_it_is(TestClient(app))


class _as_it_is:  # noqa: N801, a context manager that does nothing
    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def __enter__(self) -> httpx.Client:
        return self._client

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture(params=[asgi_client, wsgi_client, fastapi_client, starlette_client])
def opened(request: pytest.FixtureRequest) -> Open:
    return lambda guard: request.param(guard, RULES)


@pytest.fixture
def client(opened: Open, issuer: FakeIssuer) -> Iterator[httpx.Client]:
    with opened(issuer.guard(resource=RESOURCE)) as client:
        yield client


def bound(issuer: FakeIssuer, method: str = "GET", url: str = URL, **said: Any) -> dict[str, str]:
    return issuer.dpop_headers(method, url, READ, **said)


def error_of(answer: httpx.Response) -> str:
    """The `error` of a 401 under DPoP, which always says the algorithms too (RFC 9449 §7.1)."""
    assert answer.status_code == 401
    said = answer.headers["WWW-Authenticate"]
    assert said.startswith("DPoP ")
    assert 'algs="ES256 ' in said
    return said.partition('error="')[2].partition('"')[0]


# --- DPoP ----------------------------------------------------------------------------------------


def test_a_bound_token_passes_with_its_proof(client: httpx.Client, issuer: FakeIssuer) -> None:
    assert client.get("/readings", headers=bound(issuer)).status_code == 200
    assert client.post("/readings", headers=bound(issuer, "POST")).status_code == 200


def test_a_query_is_no_part_of_what_is_proven(client: httpx.Client, issuer: FakeIssuer) -> None:
    assert client.get("/readings?from=1", headers=bound(issuer)).status_code == 200


def test_a_stolen_bound_token_is_worth_nothing_as_a_bearer_token(
    client: httpx.Client, issuer: FakeIssuer
) -> None:
    token = bound(issuer)["Authorization"].removeprefix("DPoP ")
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {token}", "DPoP": bound(issuer)["DPoP"]},
    ):
        answer = client.get("/readings", headers=headers)
        assert answer.status_code == 401
        assert 'Bearer error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_unbound_token_gains_nothing_by_a_proof(
    client: httpx.Client, issuer: FakeIssuer
) -> None:
    answer = client.get("/readings", headers=bound(issuer, cnf=None))
    assert error_of(answer) == "invalid_token"


def test_an_api_key_is_no_bound_token(client: httpx.Client, issuer: FakeIssuer) -> None:
    key = issuer.api_key(READ)
    headers = {**bound(issuer), "Authorization": f"DPoP {key}"}
    assert error_of(client.get("/readings", headers=headers)).startswith("invalid_")


def test_a_proof_counts_once(client: httpx.Client, issuer: FakeIssuer, clock: FrozenClock) -> None:
    headers = bound(issuer)
    assert client.get("/readings", headers=headers).status_code == 200
    assert error_of(client.get("/readings", headers=headers)) == "invalid_dpop_proof"
    clock.advance(seconds=AGE.total_seconds())
    assert error_of(client.get("/readings", headers=headers)) == "invalid_dpop_proof"


def test_the_proof_of_another_request_is_no_proof_of_this_one(
    client: httpx.Client, issuer: FakeIssuer
) -> None:
    mine, other = bound(issuer), bound(issuer, jti="another-token")
    for headers in (
        {"Authorization": mine["Authorization"]},
        {"Authorization": mine["Authorization"], "DPoP": ""},
        {"Authorization": mine["Authorization"], "DPoP": other["DPoP"]},
        {"Authorization": mine["Authorization"], "DPoP": f"{mine['DPoP']}, {other['DPoP']}"},
        bound(issuer, "POST"),
        bound(issuer, url="https://sensors.example/other"),
        bound(issuer, url="https://evil.example/readings"),
        bound(issuer, url="http://sensors.example/readings"),
    ):
        assert error_of(client.get("/readings", headers=headers)) == "invalid_dpop_proof"


def test_two_proofs_are_none(client: httpx.Client, issuer: FakeIssuer) -> None:
    mine = bound(issuer)
    proofs = [("DPoP", mine["DPoP"]), ("DPoP", bound(issuer)["DPoP"])]
    headers = [("Authorization", mine["Authorization"]), *proofs]
    assert error_of(client.get("/readings", headers=headers)) == "invalid_dpop_proof"


def test_the_key_of_another_proves_nothing(client: httpx.Client, issuer: FakeIssuer) -> None:
    stolen = bound(issuer, cnf={"jkt": "A" * 43})
    assert error_of(client.get("/readings", headers=stolen)) == "invalid_token"


def test_a_host_that_a_request_names_itself_proves_nothing(
    client: httpx.Client, issuer: FakeIssuer
) -> None:
    headers = {**bound(issuer, url="https://evil.example/readings"), "Host": "evil.example"}
    assert error_of(client.get("/readings", headers=headers)) == "invalid_dpop_proof"


def test_without_its_own_url_a_guard_takes_no_proof(opened: Open, issuer: FakeIssuer) -> None:
    with opened(issuer.guard()) as client:
        url = str(client.base_url.join("/readings"))
        answer = client.get("/readings", headers=bound(issuer, url=url))
        assert error_of(answer) == "invalid_token"
        assert client.get("/readings", headers=issuer.headers(READ)).status_code == 200


def test_a_missing_scope_is_said_in_the_words_of_dpop(
    client: httpx.Client, issuer: FakeIssuer
) -> None:
    answer = client.get("/readings", headers=issuer.dpop_headers("GET", URL, "video:gold"))
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"].startswith('DPoP error="insufficient_scope"')


def test_a_refusal_repeats_nothing_of_a_proof(client: httpx.Client, issuer: FakeIssuer) -> None:
    headers = bound(issuer, "POST")
    answer = client.get("/readings", headers=headers)
    everything = f"{answer.headers}{answer.text}"
    parts = f"{headers['DPoP']}.{headers['Authorization'].split()[1]}".split(".")
    assert not any(part in everything for part in parts)


def test_where_dpop_is_required_bearers_are_refused(opened: Open, issuer: FakeIssuer) -> None:
    policy = Policy(binding=Binding(dpop_required=True))
    with opened(issuer.guard(resource=RESOURCE, policy=policy)) as client:
        assert client.get("/readings").headers["WWW-Authenticate"].startswith("DPoP scope=")
        assert error_of(client.get("/readings", headers=issuer.headers(READ))) == "invalid_token"
        key = {"Authorization": f"Bearer {issuer.api_key(READ)}"}
        assert error_of(client.get("/readings", headers=key)) == "invalid_token"
        assert client.get("/readings", headers=bound(issuer)).status_code == 200


# --- nonces (RFC 9449 §9) ------------------------------------------------------------------------


def test_a_nonce_is_asked_for_and_handed_out_again_and_again(
    opened: Open, issuer: FakeIssuer, clock: FrozenClock
) -> None:
    policy = Policy(binding=Binding(nonce_secret=SECRET))
    with opened(issuer.guard(resource=RESOURCE, policy=policy)) as client:
        first = client.get("/readings", headers=bound(issuer))
        assert error_of(first) == "use_dpop_nonce"
        nonce = first.headers["DPoP-Nonce"]
        second = client.get("/readings", headers=bound(issuer, nonce=nonce))
        assert second.status_code == 200
        clock.advance(seconds=LIFETIME.total_seconds())
        stale = client.get("/readings", headers=bound(issuer, nonce=second.headers["DPoP-Nonce"]))
        assert error_of(stale) == "use_dpop_nonce"
        assert stale.headers["DPoP-Nonce"] != nonce
        assert "DPoP-Nonce" not in client.get("/readings", headers=issuer.headers(READ)).headers


def test_processes_that_share_a_secret_share_their_nonces(issuer: FakeIssuer) -> None:
    policy = Policy(binding=Binding(nonce_secret=SECRET))
    nonces = [
        issuer.guard(resource=RESOURCE, policy=policy).nonce_headers("DPoP x") for _ in range(2)
    ]
    assert nonces[0] == nonces[1] != {}
    with pytest.raises(ValueError, match="16"):
        Binding(nonce_secret=b"short")


# --- what is remembered --------------------------------------------------------------------------


def test_the_memory_of_proofs_is_bounded_and_never_forgets_one_too_soon(
    clock: FrozenClock,
) -> None:
    spent, until = Spent(3), clock() + timedelta(minutes=1)
    assert [spent.take(name, until=until, now=clock()) for name in "abab"] == [
        True,
        True,
        False,
        False,
    ]
    assert spent.take("c", until=until, now=clock())
    with pytest.raises(Unavailable):
        spent.take("d", until=until, now=clock())
    assert not spent.take("a", until=until, now=clock())
    clock.advance(minutes=1)
    assert spent.take("d", until=clock() + timedelta(minutes=1), now=clock())
    assert len(spent) == 1


def test_a_full_memory_is_503_and_lets_nothing_pass(opened: Open, issuer: FakeIssuer) -> None:
    policy = Policy(binding=Binding(proofs=2))
    with opened(issuer.guard(resource=RESOURCE, policy=policy)) as client:
        statuses = [client.get("/readings", headers=bound(issuer)).status_code for _ in range(3)]
        assert statuses == [200, 200, 503]
        assert client.get("/readings", headers=issuer.headers(READ)).status_code == 200


def test_only_good_proofs_for_good_tokens_are_remembered(issuer: FakeIssuer) -> None:
    guard = issuer.guard(resource=RESOURCE, policy=Policy(binding=Binding(proofs=1)))
    with asgi_client(guard, RULES) as client:
        for headers in (bound(issuer, cnf=None), bound(issuer, exp=0), bound(issuer, "POST")):
            assert client.get("/readings", headers=headers).status_code == 401
        assert client.get("/readings", headers=bound(issuer)).status_code == 200


def test_of_many_at_once_with_the_same_proof_one_passes(issuer: FakeIssuer) -> None:
    guard, headers = issuer.guard(resource=RESOURCE), bound(issuer)
    passed: list[bool] = []

    async def ask() -> None:
        shown = Possession("GET", "/readings", (headers["DPoP"],))
        try:
            await guard.check_async(headers["Authorization"], shows=lambda: shown)
        except Exception:  # whatever it is, it did not pass
            return
        passed.append(True)

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)

    anyio.run(all_at_once)
    assert passed == [True]


# --- certificates --------------------------------------------------------------------------------

DER = b"\x30\x82\x01\x00any octets"
PEM, OTHER = (
    f"-----BEGIN CERTIFICATE-----\n{b64encode(der).decode()}\n-----END CERTIFICATE-----\n"
    for der in (DER, DER[:-1])
)
X5T = urlsafe_b64encode(sha256(DER).digest()).rstrip(b"=").decode()
BEHIND = Binding(
    certificates=True, certificate_header="Client-Cert", trusted_proxies=frozenset({"10.0.0.1"})
)


@pytest.mark.parametrize(
    "spelled",
    [
        PEM,
        quote(PEM),
        quote(PEM, safe=""),
        PEM.replace("\n", " "),
        PEM + OTHER,
        f":{b64encode(DER).decode()}:",
        b64encode(DER).decode(),
    ],
)
def test_a_certificate_is_read_as_proxies_write_it(spelled: str) -> None:
    assert thumbprint(spelled) == X5T


@pytest.mark.parametrize(
    "spelled", ["", "::", "no certificate", "-----BEGIN CERTIFICATE-----", "é"]
)
def test_what_is_no_certificate_has_no_thumbprint(spelled: str) -> None:
    assert thumbprint(spelled) is None


def passes(issuer: FakeIssuer, guard: Guard, shown: Possession, **claims: Any) -> bool:
    token = issuer.token(READ, **{"cnf": {"x5t#S256": X5T}, **claims})
    try:
        guard.check(f"Bearer {token}", frozenset({READ}), shows=lambda: shown)
    except InvalidToken:
        return False
    return True


def test_a_token_bound_to_a_certificate_passes_with_it_alone(issuer: FakeIssuer) -> None:
    guard = issuer.guard()
    assert passes(issuer, guard, Possession(x5t_s256=X5T))
    assert not passes(issuer, guard, Possession())
    assert not passes(issuer, guard, Possession(x5t_s256=thumbprint(OTHER)))
    assert passes(issuer, guard, Possession(x5t_s256=X5T), cnf=None)
    assert not passes(issuer, guard, Possession(x5t_s256=X5T), cnf={"x5t": X5T})


def asgi_scope(**more: Any) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/readings", "headers": [], **more}


def tls(*chain: str) -> dict[str, Any]:
    return {"tls": {"client_cert_chain": chain}}


def test_the_certificate_comes_by_the_tls_extension_of_asgi() -> None:
    scope = asgi_scope(extensions=tls(PEM, OTHER))
    assert shown_in_asgi(scope, Binding(certificates=True)).x5t_s256 == X5T
    for other in (asgi_scope(), asgi_scope(extensions={}), asgi_scope(extensions=tls())):
        assert shown_in_asgi(other, Binding(certificates=True)).x5t_s256 is None
    assert shown_in_asgi(asgi_scope(extensions=tls(PEM)), Binding()).x5t_s256 is None


def test_the_certificate_comes_by_the_environment_of_wsgi() -> None:
    environ = {"REQUEST_METHOD": "GET", "SSL_CLIENT_CERT": PEM}
    assert shown_in_wsgi(environ, Binding(certificates=True)).x5t_s256 == X5T
    assert shown_in_wsgi(environ, Binding()).x5t_s256 is None
    without = {"REQUEST_METHOD": "GET", "SSL_CLIENT_CERT": ""}
    assert shown_in_wsgi(without, Binding(certificates=True)).x5t_s256 is None


@pytest.mark.parametrize(
    ("address", "expected"), [("10.0.0.1", X5T), ("10.0.0.2", None), ("127.0.0.1", None)]
)
def test_a_header_counts_from_a_trusted_proxy_alone(address: str, expected: str | None) -> None:
    header = (b"client-cert", f":{b64encode(DER).decode()}:".encode())
    scope = asgi_scope(headers=[header], client=(address, 4))
    assert shown_in_asgi(scope, BEHIND).x5t_s256 == expected
    environ = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": address, "HTTP_CLIENT_CERT": PEM}
    assert shown_in_wsgi(environ, BEHIND).x5t_s256 == expected


def test_behind_a_proxy_its_own_certificate_is_nobodys() -> None:
    scope = asgi_scope(extensions=tls(PEM), client=("10.0.0.1", 4))
    assert shown_in_asgi(scope, BEHIND).x5t_s256 is None
    environ = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "10.0.0.1", "SSL_CLIENT_CERT": PEM}
    assert shown_in_wsgi(environ, BEHIND).x5t_s256 is None
    header = (b"client-cert", PEM.encode())
    twice = asgi_scope(headers=[header, header], client=("10.0.0.1", 4))
    assert shown_in_asgi(twice, BEHIND).x5t_s256 is None


@pytest.mark.parametrize(
    ("path", "raw"), [("/a b", "/a%20b"), ("/fühler", "/f%C3%BChler"), ("/a+b;c", "/a+b;c")]
)
def test_a_path_is_proven_as_it_is_encoded(path: str, raw: str) -> None:
    assert shown_in_asgi(asgi_scope(path=path), Binding()).path == raw
    assert shown_in_asgi(asgi_scope(path=path, raw_path=raw.encode()), Binding()).path == raw
    split = {"SCRIPT_NAME": "", "PATH_INFO": path.encode().decode("latin-1")}
    assert shown_in_wsgi({"REQUEST_METHOD": "GET", **split}, Binding()).path == raw
