"""RFC 7636: proof key for code exchange, S256 only (RFC 9700 §2.1.1)."""

from __future__ import annotations

import pytest

from tests.people import CHALLENGE, VERIFIER, Stage, answer_of

ANN = "ann@example.com"
PLAIN = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}


@pytest.mark.parametrize(
    "replaced",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge_method": None},
        {"code_challenge_method": "s256"},
        PLAIN,
        {"code_challenge": CHALLENGE + "="},
        {"code_challenge": CHALLENGE[:-1]},
        {"code_challenge": "A" * 5000},
        {"code_challenge": CHALLENGE[:-1] + "ü"},
    ],
)
@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_a_client_that_must_use_pkce_is_told_so(
    stage: Stage, replaced: dict[str, str | None], kind: str
) -> None:
    client = stage.client() if kind == "public" else stage.confidential("s3cret")
    response = stage.browser().ask("GET", stage.authorize_url(client, **replaced))
    assert answer_of(response)["error"] == "invalid_request"


def test_a_client_that_need_not_may_leave_it_out_but_not_do_it_badly(stage: Stage) -> None:
    client = stage.confidential("s3cret", require_pkce=False)
    without = stage.authorize_url(client, code_challenge=None, code_challenge_method=None)
    assert stage.browser().get(without).url.path == "/sign-in"
    badly = answer_of(stage.browser().ask("GET", stage.authorize_url(client, **PLAIN)))
    assert badly["error"] == "invalid_request"


def test_only_the_verifier_of_the_challenge_gets_the_token(stage: Stage) -> None:
    stage.person(ANN)
    client, browser = stage.client(), stage.signed_in(ANN)
    code = answer_of(browser.submit(browser.get(stage.authorize_url(client))))["code"]
    wrong = stage.exchange(client, code, code_verifier="w" * 43)
    assert wrong.json()["error"] == "invalid_grant"
    assert stage.exchange(client, code).status_code == 200
