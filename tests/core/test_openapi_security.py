"""Route rules from an OpenAPI document: what it says is taken, and nothing is made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Invalid
from scopewright.core.openapi_security import DeclaredRule, LeftOut, read_security

NOTHING: frozenset[str] = frozenset()


def a_document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths, **more}


def asking(*ways: dict[str, list[str]]) -> dict[str, Any]:
    return {"security": list(ways)}


def rule(path: str, methods: str, *scopes: str) -> DeclaredRule:
    return DeclaredRule(path, frozenset(methods.split()), frozenset(scopes))


def test_each_operation_asks_for_its_own_or_else_for_what_all_do() -> None:
    document = a_document(
        {
            "/subtenants": {
                "get": asking({"oauth": ["tm.st.r"]}),
                "post": asking({"oauth": ["tm.st.c"]}),
                "head": {},
            },
            "/health": {"get": {"security": []}, "parameters": []},
            "/open": {"get": {"security": [{}]}},
        },
        **asking({"oauth": ["tm.all"]}),
    )
    assert read_security(document) == (
        [
            rule("/subtenants", "GET", "tm.st.r"),
            rule("/subtenants", "POST", "tm.st.c"),
            rule("/subtenants", "HEAD", "tm.all"),
            rule("/health", "GET"),
            rule("/open", "GET"),
        ],
        [],
    )


def test_operations_that_ask_alike_are_one_rule() -> None:
    one = asking({"oauth": ["a"]}, {"openid": ["a"]})
    rules, left_out = read_security(a_document({"/a": {"get": one, "put": one}}))
    assert (rules, left_out) == ([rule("/a", "GET PUT", "a")], [])


def test_several_schemes_at_once_are_all_their_scopes() -> None:
    both = asking({"oauth": ["a"], "openid": ["b"], "key": []})
    assert read_security(a_document({"/a": {"get": both}}))[0] == [rule("/a", "GET", "a", "b")]


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({}, "declares no security"),
        (asking({"oauth": ["a"]}, {"oauth": ["b"]}), "Any of several"),
        (asking({"oauth": ["a"]}, {}), "Any of several"),
        (asking({"key": []}), "names no scope"),
        ({**asking({"oauth": ["a"]}), "servers": [{"url": "/b"}]}, "servers of its own"),
    ],
)
def test_what_a_rule_cannot_say_is_left_out_and_told(operation: dict[str, Any], why: str) -> None:
    rules, [left_out] = read_security(a_document({"/a": {"delete": operation}}))
    assert rules == []
    assert (left_out.path, left_out.methods) == ("/a", {"DELETE"})
    assert why in left_out.reason


@pytest.mark.parametrize(
    ("path", "pattern"),
    [("/things/{id}", "/things/{}"), ("/{a}/b/{c}/", "/{}/b/{}/"), ("/", "/")],
)
def test_a_template_is_one_segment_whatever_it_is(path: str, pattern: str) -> None:
    rules, _ = read_security(a_document({path: {"get": asking({"oauth": ["a"]})}}))
    assert rules == [rule(pattern, "GET", "a")]


@pytest.mark.parametrize(
    "path", ["/a.{format}", "/{a}-{b}", "/a/*", "/a//b", "a", "/a?b=1", "/%41"]
)
def test_a_path_that_no_pattern_says_is_left_out_with_all_its_operations(path: str) -> None:
    document = a_document({path: {"get": asking({"oauth": ["a"]}), "put": {"security": []}}})
    rules, [left_out] = read_security(document)
    assert (rules, left_out.path, left_out.methods) == ([], path, NOTHING)


def test_a_path_that_is_described_elsewhere_is_left_out() -> None:
    rules, left_out = read_security(a_document({"/a": {"$ref": "other.json"}, "x-more": 1}))
    assert rules == []
    assert left_out == [
        LeftOut("/a", NOTHING, "It is described elsewhere, or has servers of its own.")
    ]


def test_the_servers_path_stands_before_all_others() -> None:
    servers = [{"url": "https://a.example/api/v3"}, {"url": "/api/v3/"}]
    document = a_document({"/a": {"get": asking({"oauth": ["a"]})}}, servers=servers)
    assert read_security(document)[0] == [rule("/api/v3/a", "GET", "a")]


@pytest.mark.parametrize(
    ("field", "document"),
    [
        ("document.openapi", {}),
        ("document.openapi", {"openapi": "2.0", "swagger": "2.0"}),
        ("document.paths", a_document([])),  # type: ignore[arg-type]
        ("document.paths./a", a_document({"/a": []})),
        ("document.paths./a.get", a_document({"/a": {"get": "x"}})),
        ("document.paths./a.get.security", a_document({"/a": {"get": {"security": {}}}})),
        ("document.paths./a.get.security.0", a_document({"/a": {"get": asking([])}})),  # type: ignore[arg-type]
        ("document.paths./a.get.security.oauth", a_document({"/a": {"get": asking({"oauth": 1})}})),  # type: ignore[dict-item]
        (
            "document.paths./a.get.security.oauth",
            a_document({"/a": {"get": asking({"oauth": [1]})}}),
        ),  # type: ignore[list-item]
        ("document.security", a_document({"/a": {"get": {}}}, security="x")),
        ("document.servers", a_document({}, servers=[{"url": "/a"}, {"url": "/b"}])),
        ("document.servers", a_document({}, servers=[{"url": "/{version}"}])),
        ("document.servers.0.url", a_document({}, servers=[{}])),
        ("document.servers.0.url", a_document({}, servers=[{"url": "https://[x"}])),
    ],
)
def test_a_document_that_is_not_openapi_3_is_refused_with_the_place(
    field: str, document: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        read_security(document)
    assert refused.value.facts["field"] == field


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("/a", "/{b}", "get", "put", "security", "oauth", "servers", "url")),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(json_values, json_values, json_values)
def test_whatever_a_document_holds_it_is_read_or_refused(
    paths: Any, security: Any, servers: Any
) -> None:
    try:
        rules, _ = read_security(a_document(paths, security=security, servers=servers))
    except Invalid:
        return
    assert all(each.methods for each in rules)
