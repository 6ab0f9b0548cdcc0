"""A principal as it presents itself now, and how an operation is guarded.

`@needs("grants:create")` stands on a service's method; the method's first argument after `self` is
the `Caller`. Whoever comes in by API, console or command line passes here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Literal, TypeVar, cast

from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Forbidden
from scopewright.core.fresh import too_old
from scopewright.core.model import Principal
from scopewright.core.scopes import Scopes

Via = Literal["token", "api_key", "cookie", "mcp", "system"]


@dataclass(frozen=True)
class Caller:
    """Who asks, through what, and with which scopes.

    `held` are a token's own scopes, or for a key or cookie what is held now. `client_id`,
    `session_id` and `token_id` are set for tokens; `key_id` for API keys, and `tags` for those that
    are restricted to some. `too_old_for` is set for a browser that signed in longer ago than this,
    and so may do nothing dangerous.
    """

    principal: Principal
    held: Scopes
    vocabulary: Vocabulary
    via: Via
    client_id: str | None = None
    session_id: str | None = None
    token_id: str | None = None
    key_id: str | None = None
    tags: frozenset[str] | None = None
    too_old_for: timedelta | None = None

    @property
    def workspace_id(self) -> str:
        return self.principal.workspace_id

    @property
    def operations(self) -> frozenset[str]:
        """The operations that are open to this caller."""
        return self.vocabulary.operations(self.held)

    def may(self, operation: str) -> bool:
        """Whether this operation is open to this caller."""
        opener = self.vocabulary.opener(operation)
        return opener is not None and (opener in self.held or operation in self.operations)

    def check(self, operation: str) -> None:
        """Let the operation go on, or say which scope is missing.

        Raises:
            Forbidden: with `missing`.
        """
        if not self.may(operation):
            opener = self.vocabulary.opener(operation)
            if opener is None:
                raise Forbidden("No scope opens this here.", cause=f"nothing opens {operation}")
            raise Forbidden(f"This needs the scope {opener}.", missing=(opener,))

    def check_fresh(self) -> None:
        """Let something dangerous go on, or ask the person before the browser who they are.

        Nobody who sits down at somebody's screen has tokens or keys: those are never asked.

        Raises:
            SignInTooOld: the browser's sign-in is.
        """
        if self.too_old_for is not None:
            raise too_old(self.too_old_for)


@dataclass(frozen=True, slots=True)
class Presented:
    """A token or key as a request presents it, nothing of it believed yet.

    `request` is what is looked at for the keys that it shows, if the token is bound to one.
    """

    secret: str
    request: Any
    is_under_dpop: bool = False

    @property
    def is_api_key(self) -> bool:
        return is_api_key(self.secret)


def is_api_key(secret: str) -> bool:
    """Whether this is spelled as an API key, and so never a token."""
    return secret.startswith("swk_")


Method = TypeVar("Method", bound=Callable[..., Any])


def needs(operation: str) -> Callable[[Method], Method]:
    """Guard a service's method: a caller without the operation is refused before its body runs."""

    def guard(method: Method) -> Method:
        @wraps(method)
        def guarded(self: Any, caller: Caller, *args: Any, **kwargs: Any) -> Any:
            caller.check(operation)
            return method(self, caller, *args, **kwargs)

        guarded.operation = operation  # type: ignore[attr-defined]
        return cast(Method, guarded)

    return guard
