"""A catalogue of nodes behind a guard, with the routes and scopes that Tiled has for them.

Annotations are evaluated here, for they name what is made beside them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Request, Response
from fastapi.testclient import TestClient

from scopewright.core.access_policies import PUBLIC_SCOPES
from scopewright.core.errors import NotFound, ScopewrightError
from scopewright.guard import (
    AccessPolicy,
    AccessTags,
    AskedPolicy,
    Asker,
    Claims,
    Guard,
    asker_of,
    check_access,
)
from tests.worlds import World


class Everything(AccessTags):
    """No policy: whoever holds a scope has it everywhere."""

    def allowed(
        self, asker: Asker, _name: str, _tags: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        return asker.scopes | {"read:metadata"}


@contextmanager
def nodes(
    world: World,
    policy: AccessPolicy | None = None,
    *,
    tags: dict[str, set[str]] | None = None,
    visitors: bool = False,
) -> Iterator[TestClient]:
    """A running service with the nodes A to D, or those that are tagged."""
    guard = Guard(world.issuer, world.id, credential=world.api_key)
    app = _application(
        guard, policy or Everything(), tags or {name: set() for name in "ABCD"}, visitors
    )
    with TestClient(app) as client:
        yield client
    guard.close()


def _application(
    guard: Guard, policy: AccessPolicy, tagged: dict[str, set[str]], visitors: bool
) -> FastAPI:
    app = FastAPI()

    def asker(*scopes: str) -> Any:
        reading = {*scopes} <= PUBLIC_SCOPES
        check = guard.admits(*scopes) if visitors and reading else guard.requires(*scopes)

        def known(claims: Annotated[Claims | None, Depends(check)]) -> Asker:
            return asker_of(claims, admits_anonymous=visitors)

        return Depends(known)

    def may(who: Asker, name: str, *scopes: str) -> frozenset[str]:
        tags = frozenset(tagged.get(name, ()))
        check_access(policy, who, name, *scopes, tags=tags)
        if name not in tagged:
            raise NotFound("There is nothing here by this name.")
        return tags

    @app.exception_handler(ScopewrightError)
    async def refused(request: Request, error: ScopewrightError) -> Response:
        if type(error).__name__ in ("Forbidden", "Invalid"):
            return Response(error.detail, 403 if type(error).__name__ == "Forbidden" else 422)
        said = guard.refusal(error, request.headers.get("authorization"))
        return Response(said.body, said.status, said.headers)

    @app.get("/search")
    def search(who: Annotated[Asker, asker("read:metadata")]) -> list[str]:
        seen = policy.visible(who, frozenset({"read:metadata"}))
        return sorted(name for name, tags in tagged.items() if seen.passes(name, frozenset(tags)))

    @app.get("/metadata/{name}")
    def metadata(name: str, who: Annotated[Asker, asker("read:metadata")]) -> list[str]:
        return sorted(may(who, name, "read:metadata"))

    @app.get("/array/{name}")
    def array(name: str, who: Annotated[Asker, asker("read:data")]) -> list[int]:
        may(who, name, "read:data")
        return [1, 2, 3]

    @app.put("/array/{name}")
    def write(name: str, who: Annotated[Asker, asker("write:data")]) -> None:
        may(who, name, "write:data")

    @app.put("/metadata/{name}")
    def change(
        name: str,
        who: Annotated[Asker, asker("write:metadata")],
        access_tags: Annotated[list[str] | None, Body(embed=True)] = None,
    ) -> list[str]:
        before = may(who, name, "write:metadata")
        if access_tags is not None:
            assert isinstance(policy, AccessTags | AskedPolicy)
            after = policy.retagged(who, before=before, after=frozenset(access_tags))
            tagged[name] = set(after)
        return sorted(tagged[name])

    @app.post("/metadata/{name}", status_code=201)
    def create(
        name: str,
        who: Annotated[Asker, asker("write:metadata", "create:node")],
        access_tags: Annotated[list[str] | None, Body(embed=True)] = None,
    ) -> list[str]:
        tagged[name] = set()
        if isinstance(policy, AccessTags | AskedPolicy) and not isinstance(policy, Everything):
            tagged.pop(name)
            tagged[name] = set(policy.tags_of_new(who, frozenset(access_tags or ())))
        return sorted(tagged[name])

    @app.post("/register/{name}", status_code=201)
    def register(
        name: str, who: Annotated[Asker, asker("write:metadata", "create:node", "register")]
    ) -> None:
        tagged[name] = set()

    @app.delete("/metadata/{name}")
    def delete(name: str, who: Annotated[Asker, asker("delete:node", "delete:revision")]) -> None:
        may(who, name)

    @app.delete("/revisions/{name}")
    def delete_revision(name: str, who: Annotated[Asker, asker("delete:revision")]) -> None:
        may(who, name)

    @app.get("/metrics")
    def metrics(who: Annotated[Asker, asker("metrics")]) -> None:
        pass

    return app
