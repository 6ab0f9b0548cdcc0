"""Commands that pages show, run as somebody elsewhere would run them."""

from __future__ import annotations

from tests.servers import Installation
from tests.worlds import World


def run_shown(words: list[str], shown: World, at: World) -> str:
    """Run a command that was shown in one workspace at another, which has all that it names."""
    assert words[0] == "scopewright"
    told = [at.slug if word == shown.slug else word.replace(shown.slug, at.slug) for word in words]
    folder = at.letters.parent
    asker = Installation(
        folder,
        database_url="unused",
        environment={
            "SCOPEWRIGHT_URL": at.url,
            "SCOPEWRIGHT_API_KEY": at.api_key,
            "XDG_CONFIG_HOME": str(folder / "home"),
        },
    )
    done = asker.command(*told[1:], succeed=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)
