"""One served installation for the tests of a module: commands only ask it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.servers import Installation


@dataclass(frozen=True)
class Site:
    """A running server with the workspace `acme`, and its administrator's key."""

    installation: Installation
    api_key: str
    issuer: str

    def run(self, *arguments: str, key: str | None = None) -> tuple[int, str, str]:
        """`scopewright ARGUMENTS…` as somebody elsewhere runs it: exit code, output, errors."""
        asker = Installation(
            self.installation.folder,
            database_url="unused",
            environment={
                "SCOPEWRIGHT_URL": self.installation.url,
                "SCOPEWRIGHT_API_KEY": self.api_key if key is None else key,
                "XDG_CONFIG_HOME": str(self.installation.folder / "home"),
            },
        )
        done = asker.command(*arguments, succeed=False)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with Installation(folder, f"sqlite:///{folder / 'scopewright.db'}") as installation:
        made = installation.found()
        installation.serve()
        yield Site(installation, made["api_key"], made["issuer"])
