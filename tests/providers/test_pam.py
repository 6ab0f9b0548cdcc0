"""Signing in by PAM: a real service file in a folder of the test's own, as any user."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scopewright.core.errors import Invalid
from scopewright.providers import Form, Proven, Unusable
from scopewright.providers.pam import Pam
from tests.providers.stages import Open, typed

PASSWORD = "pass word é"
CHECK = f"""#!/bin/sh
# Lets ann in, and bob; PAM gives the password on standard input.
password=$(tr -d '\\000')
[ "$PAM_USER" = ann ] || [ "$PAM_USER" = bob ] || exit 1
[ "$password" = "{PASSWORD}" ]
"""
ACCOUNT = """#!/bin/sh
[ "$PAM_USER" = ann ]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, script in (("check", CHECK), ("account", ACCOUNT)):
        path = tmp_path / name
        path.write_text(script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    described(tmp_path, "good", f"auth required pam_exec.so quiet expose_authtok {tmp_path}/check",
              f"account required pam_exec.so quiet {tmp_path}/account")  # fmt: skip
    return tmp_path


def described(folder: Path, service: str, *lines: str) -> Pam:
    (folder / service).write_text("\n".join(lines) + "\n")
    return Pam(service=service, folder=str(folder))


def test_whoever_the_service_lets_in_is_who_it_says(folder: Path) -> None:
    pam = Pam(service="good", folder=str(folder))
    assert isinstance(pam, Form)
    assert pam.authenticate("ann", PASSWORD) == Proven("ann", "ann")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong"), ("ann", ""), ("ann", PASSWORD + "\0"), ("nobody", PASSWORD),
        ("ann\0", PASSWORD), ("ann ", PASSWORD), ("", PASSWORD), ("x" * 300, PASSWORD),
        ("bob", PASSWORD),
    ],
)  # fmt: skip
def test_nobody_else_comes_in_and_nobody_whose_account_is_refused(
    folder: Path, name: str, password: str
) -> None:
    assert Pam(service="good", folder=str(folder)).authenticate(name, password) is None


def test_a_module_that_refuses_everybody_refuses_ann(folder: Path) -> None:
    refusing = described(
        folder, "deny", "auth required pam_deny.so", "account required pam_permit.so"
    )
    assert refusing.authenticate("ann", PASSWORD) is None
    account = described(
        folder, "locked", "auth required pam_permit.so", "account required pam_deny.so"
    )
    assert account.authenticate("ann", PASSWORD) is None


def test_a_service_that_is_not_described_lets_nobody_in(folder: Path) -> None:
    with pytest.raises(Unusable):
        Pam(service="missing", folder=str(folder)).authenticate("ann", PASSWORD)


@pytest.mark.parametrize("service", ["", "../good", "a/b", "a b", "a\0"])
def test_what_is_no_name_of_a_service_is_refused_at_start(service: str) -> None:
    with pytest.raises(Invalid):
        Pam(service=service)


def test_on_the_page_it_is_a_name_and_a_password(folder: Path, opened: Open) -> None:
    stage = opened(
        {"provider": "machine", "authenticator": "tiled.authenticators:PAMAuthenticator",
         "args": {"service": "good", "folder": str(folder)}, "on_first_sign_in": "create"}
    )  # fmt: skip
    assert typed(stage.browser(), "ann", PASSWORD).url.path == "/me"
    assert typed(stage.browser(), "ann", "wrong").status_code == 422
