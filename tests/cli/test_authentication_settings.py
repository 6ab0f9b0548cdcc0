"""The settings about providers, in the shape that Tiled's have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scopewright.core.errors import Invalid
from scopewright.settings import Settings, load
from scopewright.settings.authentication import without_meaning
from tests.servers import Installation
from tests.toy_authentication import EXAMPLE as SEED

PASSWORDS = {f"{who}_PASSWORD": f"secret{n}" for n, who in enumerate(["ALICE", "BOB", "CARA"], 1)}


def loaded(folder: Path, text: str) -> Settings:
    (folder / "scopewright.yaml").write_text(text)
    return load(folder=folder, environment=PASSWORDS, options={}, file=None).settings


def test_the_example_of_tiled_is_read_as_it_stands(tmp_path: Path) -> None:
    found = loaded(tmp_path, SEED)
    (toy,) = found.authentication.providers
    assert toy.provider == "toy"
    assert toy.arguments == {
        "users_to_passwords": {"alice": "secret1", "bob": "secret2", "cara": "secret3"}
    }
    assert toy.message == "You have logged in as {id}."
    assert [(one.provider, one.id) for one in found.authentication.tiled_admins] == [
        ("toy", "alice")
    ]
    assert found.access_control.access_policy == "tiled.access_policies:SimpleAccessPolicy"
    assert found.access_control.args["access_lists"]["bob"] == ["A", "C"]
    assert list(without_meaning(found.authentication, trees=bool(found.trees))) == ["trees"]


def test_tileds_other_keys_are_taken_and_explained(tmp_path: Path) -> None:
    text = "authentication: {secret_keys: [abc], single_user_api_key: abc, session_max_age: 5}"
    found = loaded(tmp_path, text)
    explained = without_meaning(found.authentication, trees=False)
    assert set(explained) == {
        "authentication.secret_keys",
        "authentication.single_user_api_key",
        "authentication.session_max_age",
    }
    assert all(explained.values())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{provider: toy, authenticatr: x}", "did you mean authenticator?"),
        ("{provider: toy, authenticator: x, argz: {}}", "did you mean args?"),
        ("{provider: toy}", "authentication.providers"),
        ("{authenticator: x}", "authentication.providers"),
        ("{provider: 'a b', authenticator: x}", "authentication.providers"),
        ("{provider: email, authenticator: x}", "letter"),
        ("{provider: a, authenticator: x, args: 5}", "authentication.providers"),
        ("{provider: a, authenticator: x, on_first_sign_in: maybe}", "authentication.providers"),
        ("{provider: a, authenticator: x, rules: [{claim: g, value: v}]}", "roles or scopes"),
        ("{provider: a, authenticator: x, rules: [{claim: g, value: [v], roles: [r]}]}", "value"),
        ("{provider: a, authenticator: x}, {provider: a, authenticator: x}", "two providers"),
        ("text", "mapping"),
    ],
)
def test_a_wrong_provider_is_refused_in_one_sentence(
    tmp_path: Path, written: str, said: str
) -> None:
    with pytest.raises(Invalid) as error:
        loaded(tmp_path, f"authentication: {{providers: [{written}]}}")
    assert said in error.value.detail


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("authentication: {tiled_admins: [{provider: other, id: a}]}", "there is none"),
        ("authentication: {providrs: []}", "did you mean authentication.providers?"),
        ("access_control: {access_policy: nocolon}", "module:object"),
        ("access_control: {acces_policy: 'a:b'}", "did you mean access_control.access_policy?"),
        ("trees: 5", "trees"),
    ],
)
def test_what_stands_beside_them_is_checked_too(tmp_path: Path, written: str, said: str) -> None:
    with pytest.raises(Invalid) as error:
        loaded(tmp_path, written)
    assert said in error.value.detail


def test_a_variable_is_expanded_in_lists_and_named_when_it_is_not_set(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="NO_SUCH"):
        loaded(tmp_path, SEED.replace("BOB_PASSWORD", "NO_SUCH"))


def test_a_refused_provider_does_not_repeat_its_arguments(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as error:
        loaded(tmp_path, SEED.replace("provider: toy\n    auth", "provider: to y\n    auth"))
    assert "secret" not in error.value.detail


def test_the_command_masks_whatever_a_provider_is_made_with(tmp_path: Path) -> None:
    (tmp_path / "scopewright.yaml").write_text(
        SEED.replace("tiled_admins", "secret_keys: [hunter2]\n  tiled_admins")
    )
    installed = Installation(tmp_path, f"sqlite:///{tmp_path}/x.db", environment=PASSWORDS)
    for form in ([], ["--json"]):
        said = installed.command("settings", *form).stdout
        assert "secret1" not in said
        assert "hunter2" not in said
        assert "alice" in said
    shown = json.loads(said)["authentication.providers"]["value"]
    assert shown[0]["args"]["users_to_passwords"] == dict.fromkeys(["alice", "bob", "cara"], "***")
