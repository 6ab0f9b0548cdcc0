"""Our server decides, for Tiled, where somebody may do what; it must be asked, or nothing is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread

from scopewright.core import visibility
from scopewright.core.access_policies import SEEING, Asker
from scopewright.core.errors import Forbidden, Invalid
from scopewright.guard.access_settings import refuse_unknown
from scopewright.guard.asked_policy import AskedPolicy
from scopewright.tiled.askers import asker_of
from scopewright.tiled.credentials import CREDENTIAL, credential_of
from scopewright.tiled.queries import queries_of
from scopewright.tiled.tagged import Tags, in_blob, tags_in, tags_on

_PLACE = "/pdp"
_AS_IT_IS: Mapping[str, object] = {
    "create_node_endpoint": "allow",
    "modify_node_endpoint": "modify",
    "allowed_tags_endpoint": "tags",
    "scopes_endpoint": "scopes",
    "empty_access_tags_public": None,
}
T = TypeVar("T")


class Policy:
    """Asks the decision point of a workspace, `{issuer}/pdp`, with the arguments of Tiled's own.

    People are known by their identity of `provider` (without one, by their only one), services by
    their UUID. `credential` (an API key; else SCOPEWRIGHT_GUARD_KEY in the environment) may ask;
    an answer is believed for `kept` seconds, a question takes `timeout` seconds at most. No answer
    is a no, whatever the reason.

    Raises:
        Invalid: there is no credential, or something is not known here.
        ValueError: `authorization_provider` is neither https nor on this machine's loopback.
    """

    def __init__(
        self,
        *,
        authorization_provider: str,
        provider: str | None = None,
        credential: str = "",
        kept: float = 5,
        timeout: float = 3,
        **more: Any,
    ) -> None:
        _refuse_other_than(_AS_IT_IS, more)
        issuer = authorization_provider.rstrip("/").removesuffix(_PLACE)
        if issuer == authorization_provider.rstrip("/"):
            raise Invalid(f"It ends in {_PLACE}/.", field="authorization_provider")
        named = credential_of(credential)
        if named is None:
            raise Invalid(f"A credential is needed; {CREDENTIAL} may hold it.", field="credential")
        self._provider = provider
        self._asked = AskedPolicy(
            issuer, credential=named, kept=timedelta(seconds=kept), timeout=timeout
        )

    # --- what may be done -----------------------------------------------------------------------

    async def allowed_scopes(
        self,
        node: Any,
        principal: Any,
        authn_access_tags: Collection[str] | None,
        authn_scopes: Iterable[str],
    ) -> set[str]:
        """The scopes of somebody on a node with its tags.

        What cannot carry tags, such as a container of mounted trees, may be looked at: no more.
        """
        asker, tags = self._asker(principal, authn_access_tags, authn_scopes), tags_on(node)
        if asker is None:
            return set()
        if tags is None:
            return {SEEING} & asker.scopes
        return set(await _in_thread(self._asked.allowed, asker, "", tags))

    async def filters(
        self,
        node: Any,
        principal: Any,
        authn_access_tags: Collection[str] | None,
        authn_scopes: Iterable[str],
        scopes: Iterable[str],
    ) -> Any:
        """Which children of a container somebody sees and has these scopes on."""
        asker = self._asker(principal, authn_access_tags, authn_scopes)
        needed = frozenset(scopes) | {SEEING}
        if asker is None or not needed <= asker.scopes:
            return queries_of(visibility.NOTHING)
        if tags_on(node) is None:
            return queries_of(visibility.EVERYTHING)
        return queries_of(await _in_thread(self._asked.visible, asker, needed))

    # --- who may tag ----------------------------------------------------------------------------

    async def init_node(
        self,
        principal: Any,
        authn_access_tags: Collection[str] | None,
        authn_scopes: Iterable[str],
        access_tags: Any = None,
        **before: Any,
    ) -> tuple[bool, Any]:
        """The tags of a new node, and whether they are others than asked for; its maker's own
        where none were. Before 0.2.19 an `access_blob` came in place of the tags.

        Raises:
            ValueError: it may not be made with them; Tiled answers 403.
        """
        asker = self._known(principal, authn_access_tags, authn_scopes)
        wanted = tags_in(before.get("access_blob", access_tags))
        tags = await _granted(partial(self._asked.tags_of_new, asker, wanted))
        return tags != wanted, in_blob(tags) if "access_blob" in before else tags

    async def modify_node(
        self,
        node: Any,
        principal: Any,
        authn_access_tags: Collection[str] | None,
        authn_scopes: Iterable[str],
        access_tags: Any,
    ) -> tuple[bool, Any]:
        """The tags that a node has from now on, and whether they are others than asked for.

        Raises:
            ValueError: they may not become these; Tiled answers 403.
        """
        before, after = tags_on(node), tags_in(access_tags)
        blob = not hasattr(node, "access_tags")
        if before is None or access_tags is None or after == before:
            return False, node.access_blob if blob else before
        asker = self._known(principal, authn_access_tags, authn_scopes)
        retagged = partial(self._asked.retagged, asker, before=before, after=after)
        tags = await _granted(retagged)
        return tags != after, in_blob(tags) if blob else tags

    # --- who asks -------------------------------------------------------------------------------

    def _asker(
        self, principal: Any, tags: Collection[str] | None, scopes: Iterable[str]
    ) -> Asker | None:
        return asker_of(principal, provider=self._provider, scopes=scopes, only_tags=tags)

    def _known(self, principal: Any, tags: Collection[str] | None, scopes: Iterable[str]) -> Asker:
        asker = self._asker(principal, tags, scopes)
        if asker is None or asker.name is None:
            raise ValueError("Nobody knows who makes this.")
        return asker


def _refuse_other_than(fixed: Mapping[str, object], said: Mapping[str, object]) -> None:
    """Tiled's own policy lets these be chosen; here the server has chosen them."""
    refuse_unknown(said, fixed, "access_control.args")
    for name, value in said.items():
        if value != fixed[name]:
            raise Invalid(f"{name} is {fixed[name]} here.", field=name)


async def _granted(decide: Callable[[], Tags]) -> Tags:
    """Raises ValueError, which Tiled understands, for a no."""
    try:
        return await _in_thread(decide)
    except Forbidden as error:
        raise ValueError(error.detail) from None


async def _in_thread(decide: Callable[..., T], *arguments: Any) -> T:
    """A question waits for the server, and must not keep Tiled's event loop waiting."""
    return await anyio.to_thread.run_sync(decide, *arguments)
