"""The installed command itself, where other tests are content with forks of one."""

from __future__ import annotations

import pytest

from tests.servers import COMMAND, Installation


@pytest.fixture
def installation(installation: Installation) -> Installation:
    installation.program = (COMMAND,)
    return installation
