"""What strangers write must not stay in memory: it would fill any."""

from __future__ import annotations

import asyncio
import tracemalloc

from scopewright.authority import Authority
from scopewright.catalogues import read_shipped
from scopewright.core.tokens import TokenSettings
from scopewright.store.versions import watch
from tests.protocol.issuer import Issuer

OCTETS = 100_000


def test_names_of_what_is_not_there_are_forgotten(issuer: Issuer) -> None:
    async def asked() -> None:
        versions = watch(issuer.database)
        authority = Authority(
            issuer.database,
            versions,
            catalogues=read_shipped(internal_prefix="iotman"),
            tokens=TokenSettings(),
        )
        view = await authority.at(issuer.id)
        assert view is not None
        tracemalloc.start()
        for number in range(30):
            name = f"{number}".ljust(OCTETS, "x")
            assert await view.client(name) is None
            assert await view.principal(name) is None
            assert await view.api_key(name) is None
            assert await authority.at(name) is None
            assert await authority.workspace_of_slug(name) is None
            assert await authority.workspace_of_key(name) is None
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await versions.close()
        assert kept < 10 * OCTETS

    asyncio.run(asked())
