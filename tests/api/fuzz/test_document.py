"""The OpenAPI document itself: valid, complete, and its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import schemathesis

from scopewright.api.routes import ROUTES
from tests.api.fuzz.schemas import REFUSALS

CHOSEN = {"key", "principal", "provider", "role", "subject"}  # by whoever puts something there
METHODS = {"get", "post", "put", "patch", "delete"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield path, operation


def test_the_document_is_openapi(document: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(deepcopy(document)).validate()


def test_every_route_is_in_the_document(document: dict[str, Any]) -> None:
    described = {(m.upper(), p) for p, item in document["paths"].items() for m in item}
    assert described == {(route.method, route.path) for route in ROUTES}


def test_every_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)


def test_every_variable_of_a_path_is_declared(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        declared = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))


def test_every_refusal_is_a_problem_document_and_nothing_else(document: dict[str, Any]) -> None:
    for _, operation in operations(document):
        refusals = {k: v for k, v in operation["responses"].items() if int(k) >= 400}
        assert set(refusals) == set(REFUSALS)
        assert all(list(v["content"]) == ["application/problem+json"] for v in refusals.values())


def test_every_link_names_all_that_its_operation_needs_or_is_told_by_the_body(
    document: dict[str, Any],
) -> None:
    by_id = {operation["operationId"]: path for path, operation in operations(document)}
    links = [
        link
        for _, operation in operations(document)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert len(links) > 30
    for link in links:
        needed = set(re.findall(r"\{(\w+)\}", by_id[link["operationId"]]))
        assert needed - set(link["parameters"]) <= CHOSEN
