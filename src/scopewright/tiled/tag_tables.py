"""Tiled's own tables of access tags, written by its own compiler."""

from __future__ import annotations

from typing import Any

from tiled.access_control.access_tags import AccessTagsCompiler
from tiled.access_control.scopes import ALL_SCOPES

from scopewright.tiled.databases import opened


async def write(config: dict[str, Any], *, database: str) -> None:
    """Make the tags of a catalogue's database those of this configuration.

    A tag that is gone but still on a node stays, and gives nothing any more.

    Raises:
        Failure: there is no such database.
        Exception: Tiled's compiler, or the database, refuses; nothing was changed.
    """
    async with opened(database) as (settings, _):
        compiler = AccessTagsCompiler(ALL_SCOPES, config, settings, _no_groups)
        compiler.load_tag_config()
        await compiler.compile()


def _no_groups(name: str) -> list[str]:
    raise KeyError(name)  # they are spelled out already
