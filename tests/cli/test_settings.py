"""Settings: which source wins, what is refused, and what is shown of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scopewright.cli.settings import settings_page
from scopewright.core.errors import Invalid
from scopewright.settings import Loaded, Settings, load
from tests.servers import Installation

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def loaded(
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    file: Path | None = None,
) -> Loaded:
    return load(folder=folder, environment=environment or {}, options=options or {}, file=file)


def refused(folder: Path, **sources: Any) -> str:
    with pytest.raises(Invalid) as error:
        loaded(folder, **sources)
    return error.value.detail


def test_without_any_source_the_defaults_are_in_force(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert found.settings == Settings()
    assert found.origins == {}


def test_a_later_source_wins_and_is_named_as_the_origin(tmp_path: Path) -> None:
    (tmp_path / "scopewright.yaml").write_text("server: {host: '::1', port: 1, workers: 2}")
    environment = {"SCOPEWRIGHT_SERVER__PORT": "3", "SCOPEWRIGHT_SERVER__WORKERS": "4"}
    found = loaded(tmp_path, environment=environment, options={"server.workers": 5})
    server = found.settings.server
    assert (server.host, server.port, server.workers) == ("::1", 3, 5)
    assert found.origins == {
        "server.host": str(tmp_path / "scopewright.yaml"),
        "server.port": "SCOPEWRIGHT_SERVER__PORT",
        "server.workers": "the command line",
    }


def test_toml_says_the_same_as_yaml(tmp_path: Path) -> None:
    (tmp_path / "scopewright.toml").write_text('[tokens]\naccess_lifetime = "5 min"\n')
    assert loaded(tmp_path).settings.tokens.access_lifetime == timedelta(minutes=5)


def test_two_files_are_refused_because_either_could_be_meant(tmp_path: Path) -> None:
    (tmp_path / "scopewright.toml").touch()
    (tmp_path / "scopewright.yaml").touch()
    assert "keep one" in refused(tmp_path)


def test_a_file_takes_values_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "scopewright.yaml").write_text(
        "database: {url: 'postgresql://u:${SECRET}@h/d'}\nserver: {port: '${PORT}'}\n"
        "administrators: ['${WHO}@b.c', x@y.z]"
    )
    environment = {"SECRET": "${PORT}", "PORT": "7", "WHO": "a"}
    found = loaded(tmp_path, environment=environment).settings
    assert found.database.url == "postgresql://u:${PORT}@h/d"
    assert found.server.port == 7
    assert found.administrators == ("a@b.c", "x@y.z")


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    (tmp_path / "scopewright.yaml").write_text("keys: {encryption_key: '${NO_SUCH}'}")
    said = refused(tmp_path)
    assert "NO_SUCH" in said
    assert "keys.encryption_key" in said


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("server: {prot: 1}", "server.port"),
        ("token: {access_lifetime: 1 h}", "tokens.access_lifetime"),
        ("server: {public-url: 'https://a.b'}", "server.public_url"),
    ],
)
def test_an_unknown_key_names_the_nearest_and_its_place(
    tmp_path: Path, written: str, nearest: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(written)
    said = refused(tmp_path, file=file)
    assert f"did you mean {nearest}?" in said
    assert str(file) in said


def test_an_unknown_variable_is_refused_but_those_of_clients_are_not_ours(tmp_path: Path) -> None:
    said = refused(tmp_path, environment={"SCOPEWRIGHT_SERVER__PROT": "1"})
    assert "SCOPEWRIGHT_SERVER__PROT" in said
    mine = {"SCOPEWRIGHT_URL": "u", "SCOPEWRIGHT_API_KEY": "k", "SCOPEWRIGHT_WORKSPACE": "w"}
    assert loaded(tmp_path, environment=mine).origins == {}


def test_a_list_in_the_environment_is_separated_by_commas(tmp_path: Path) -> None:
    environment = {"SCOPEWRIGHT_SERVER__TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2,"}
    found = loaded(tmp_path, environment=environment).settings
    assert found.server.trusted_proxies == ("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(
    "written",
    [
        "server: {port: 70000}",
        "server: {port: many}",
        "server: 5",
        "server: []",
        "[1, 2]",
        "text",
        "a: [",
        "{1: 2}",
        "server: {port: null}",
        "server: {public_url: 'https://a.b/c'}",
        "server: {public_url: 'ftp://a.b'}",
        "server: {trusted_proxies: [proxy.example]}",
        "server: {trusted_proxies: ['[\"10.0.0.1\"]']}",
        "server: {public_url: a.b}",
        "tokens: {access_lifetime: soon}",
        "sign_in: {fresh_for: 59 s}",
        "sign_in: {fresh_for: 4000 d}",
        "tokens: {access_lifetime: 1.5}",
        "tokens: {access_lifetime: true}",
        "tokens: {access_lifetime: 99999999999999999999 d}",
        "tokens: {access_lifetime: 2 d}",
        "sign_in: {registration: maybe}",
        "naming: {internal_prefix: 'A B'}",
        "limits: {body: -1}",
        "access_control: {x: 1}",
        "authentication: {providers: 5}",
        "!!python/object/apply:os.getcwd []",
    ],
)
def test_nonsense_is_refused_in_one_sentence(tmp_path: Path, written: str) -> None:
    (tmp_path / "scopewright.yaml").write_text(written)
    assert refused(tmp_path)


def test_a_refused_value_is_not_repeated_because_it_may_be_a_secret(tmp_path: Path) -> None:
    environment = {"SCOPEWRIGHT_SERVER__PORT": "hunter2"}
    assert "hunter2" not in refused(tmp_path, environment=environment)


def test_the_command_shows_origins_and_masks_secrets(tmp_path: Path) -> None:
    secrets = {
        "SCOPEWRIGHT_KEYS__ENCRYPTION_KEY": "c2VjcmV0",
        "SCOPEWRIGHT_MAIL__URL": "smtp://me:hunter2@mail.example",
    }
    database = "postgresql://u:p@ss/hunter2@h/d?sslpassword=hunter2&x=1"
    installation = Installation(tmp_path, database, environment=secrets)
    for form in ([], ["--json"]):
        said = installation.command("settings", *form).stdout
        assert "hunter2" not in said
        assert "c2VjcmV0" not in said
    shown = json.loads(said)
    assert shown["database.url"] == {
        "value": "postgresql://u:***@h/d?sslpassword=***&x=1",
        "from": "SCOPEWRIGHT_DATABASE__URL",
    }
    assert shown["mail.url"]["value"] == "smtp://me:***@mail.example"
    assert shown["tokens.access_lifetime"] == {"value": "1 h", "from": "default"}


def test_the_documented_settings_are_the_ones_there_are() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page()
