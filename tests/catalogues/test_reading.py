"""Catalogue files: what they may say, and that anything else is refused where it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from scopewright.catalogues import SHIPPED, operations, read, read_file, read_files, read_shipped
from scopewright.core.applications import ApplicationNames
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Invalid

GARDEN = """
title = "Garden"
prefix = "garden"
reserved_slugs = ["shed"]

[[resource]]
name = "Rose beds"
description = "Where roses grow."

[[scope]]
name = "roses.cut"
description = "Cut roses."
implies = ["roses.see"]
opens = ["groups:create"]

[[scope]]
name = "roses.see"

[[role]]
name = "garden:gardener"
description = "Cuts."
resource = "Rose beds"
scopes = "*"
includes = ["garden:visitor"]
requires = ["garden:elsewhere"]

[[role]]
name = "garden:visitor"
scopes = ["roses.see"]
without = ["roses.cut"]

[aliases]
"garden:guest" = "garden:visitor"

[applications]
role = "{role_prefix}:{tenant}:{application}.{role}"
roles = ["admin", "user"]
"""


def garden(text: str = GARDEN, **more: Any) -> Catalogue:
    return read(tomllib.loads(text), name="garden", **more)


def refused(text: str) -> str:
    with pytest.raises(Invalid) as error:
        garden(text)
    assert error.value.facts == {"field": "catalogues"}
    return error.value.detail


# --- what a file says ---------------------------------------------------------------------------


def test_everything_named_in_full_is_read() -> None:
    found = garden(role_prefix="acme")
    cut, see = found.scopes
    gardener, visitor = found.roles
    assert (found.title, found.prefix, found.reserved_slugs) == ("Garden", "garden:", {"shed"})
    assert [(r.name, r.description) for r in found.resources] == [
        ("Rose beds", "Where roses grow.")
    ]
    assert (cut.description, cut.owner, cut.resource) == ("Cut roses.", "garden", "Rose beds")
    assert (cut.implies, cut.opens, see.opens) == ({"roses.see"}, {"groups:create"}, frozenset())
    assert gardener.scopes == {"roses.cut", "roses.see"}
    assert (gardener.includes, gardener.requires) == ({"garden:visitor"}, {"garden:elsewhere"})
    assert (visitor.scopes, visitor.without) == ({"roses.see"}, {"roses.cut"})
    assert found.aliases == {"garden:guest": "garden:visitor"}
    assert found.applications == ApplicationNames(
        "acme:{tenant}:{application}.{role}", ("admin", "user")
    )


def test_scopes_spelled_by_resource_and_action_open_nothing_but_those_that_ship() -> None:
    found = garden("""
        prefix = "garden"
        [resources]
        members = ["read", "create"]
        groups = ["read"]
        [descriptions]
        "members:read" = "See them."
        [roles.viewer]
        scopes = ["*:read", "!groups:read"]
    """)
    assert [(s.name, s.description, s.resource, s.action) for s in found.scopes] == [
        ("garden:members:read", "See them.", "members", "read"),
        ("garden:members:create", "", "members", "create"),
        ("garden:groups:read", "", "groups", "read"),
    ]
    assert {scope.opens for scope in found.scopes} == {frozenset()}
    (viewer,) = found.roles
    assert (viewer.name, viewer.scopes) == ("garden:viewer", {"garden:members:read"})
    assert viewer.without == {"garden:groups:read"}
    internal = read_shipped(internal_prefix="acme")["internal"]
    assert frozenset().union(*(scope.opens for scope in internal.scopes)) == operations()


def test_without_a_prefix_names_have_none() -> None:
    found = garden('resources = {roses = ["cut"]}\nroles = {all = {scopes = ["*"]}}')
    assert (found.prefix, found.scopes[0].name, found.roles[0].name) == ("", "roses:cut", "all")


def test_a_scope_that_is_defined_twice_is_one_as_it_stands_first() -> None:
    twice = '[[scope]]\nname = "a.r"\ndescription = "{}"\n'
    same, other = twice.format("See a."), twice.format("Look at a.")
    found = garden(same + other + same)
    assert [scope.description for scope in found.scopes] == ["See a."]
    assert [scope.description for scope in found.redefined] == ["Look at a."]


def test_a_scope_is_about_what_it_says_or_else_what_the_first_role_with_it_says() -> None:
    found = garden("""
        scope = [{name = "a.r", resource = "A"}, {name = "b.r"}, {name = "c.r"}]
        role = [
          {name = "x", resource = "X", scopes = ["a.r", "b.r"]},
          {name = "y", resource = "Y", scopes = ["b.r"]},
        ]
    """)
    assert [scope.resource for scope in found.scopes] == ["A", "X", None]


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('tittle = "x"', "tittle", "did you mean title?"),
        ("whatever = 1", "whatever", "not known here"),
        ("title = 1", "title", "a text"),
        ('title = "a\\nb"', "title", "one line"),
        ('prefix = "a b"', "prefix", "letters, digits"),
        ('reserved_slugs = "core"', "reserved_slugs", "a list of texts"),
        ('reserved_slugs = ["Core"]', "reserved_slugs", "lower-case"),
        ("scope = 1", "scope", "[[scope]]"),
        ("scope = {}", "scope", "[[scope]]"),
        ("scope = [1]", "scope 1", "a table"),
        ("scope = [{}]", "scope 1", "name is missing"),
        ("role = [{}]", "role 1", "name is missing"),
        ("resource = [{}]", "resource 1", "name is missing"),
        ("scope = [{name = 7}]", "scope 1", "name is to be a text"),
        ('scope = [{name = ""}]', "scope 1", "name"),
        ('scope = [{name = "a/b"}]', "scope 1", "letters, digits"),
        ('scope = [{name = "openid"}]', "scope 1", "reserved"),
        ('scope = [{name = "inherit"}]', "scope 1", "reserved"),
        ('scope = [{name = "a"}, {name = ".b"}]', "scope 2", "letters, digits"),
        ('scope = [{name = "a", descripton = "x"}]', "scope 1 (a)", "did you mean description?"),
        ('scope = [{name = "a", description = []}]', "scope 1 (a)", "a text"),
        ('scope = [{name = "a", description = "\\u0000"}]', "scope 1 (a)", "NUL"),
        ('scope = [{name = "a", implies = "b"}]', "scope 1 (a)", "a list of texts"),
        ('scope = [{name = "a", implies = [["b"]]}]', "scope 1 (a)", "a list of texts"),
        ('scope = [{name = "a", implies = ["b/c"]}]', "scope 1 (a)", "implies"),
        ('scope = [{name = "a", opens = ["roses:cut"]}]', "scope 1 (a)", "opens roses:cut"),
        ('scope = [{name = "a", opens = ["*"]}]', "scope 1 (a)", "no such operation"),
        ('scope = [{name = "a", resource = ""}]\nx = 1', "x", "not known"),
        ('role = [{name = "a", scopes = "a.r"}]', "role 1 (a)", "a list of texts"),
        ('role = [{name = "a", scopes = ["*"]}]', "role 1 (a)", "scopes"),
        ('role = [{name = "a", includes = [1]}]', "role 1 (a)", "includes"),
        ('role = [{name = "a", every_guarded = true}]', "role 1 (a)", "every_guarded"),
        ('role = [{name = "a"}, {name = "a"}]', "a", "defined 2 times"),
        ('role = [{name = "a"}]\nscope = [{name = "a"}]', "a", "defined 2 times"),
        ('role = [{name = "a"}]\naliases = {a = "b"}', "a", "defined 2 times"),
        ("aliases = []", "aliases", "a table"),
        ("aliases = {a = 1}", "aliases", "a text"),
        ('aliases = {"a/b" = "c"}', "aliases", "letters, digits"),
        ("resources = {roses = 1}", "resources", "a list of texts"),
        ('resources = {roses = ["c u t"]}', "resources", "letters, digits"),
        ('descriptions = {"roses:cut" = "x"}', "descriptions", "roses:cut is not known"),
        ("roles = {viewer = 1}", "roles", "a table"),
        ('roles = {viewer = {scopes = ["*"]}}', "roles.viewer", "* matches nothing"),
        ('roles = {viewer = {every_guarded = "yes"}}', "roles.viewer", "true or false"),
        ("roles = {viewer = {includes = []}}", "roles.viewer", "includes"),
        ("applications = {}", "applications", "role is missing"),
        ('applications = {role = "{role}"}', "applications", "{application}"),
        ('applications = {role = "{role}.{application}"}', "applications", "at its end"),
        ('applications = {role = "{application}.{rol}{role}"}', "applications", "role"),
        ('applications = {role = "{application!r}.{role}"}', "applications", "{application}"),
        (
            'applications = {role = "{application}.{role}", roles = ["a:b"]}',
            "applications",
            "a role",
        ),
        (
            'applications = {role = "{application}.{role}", rolls = ["a"]}',
            "applications",
            "did you mean role",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_the_reason(
    text: str, place: str, reason: str
) -> None:
    said = refused(text)
    assert said.lower().startswith(place.lower())
    assert reason.lower() in said.lower()


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a = ", b"a = 1\na = 2", b"[[scope]]\n[scope]", b"x = " + b"[" * 5000]
)
def test_a_file_that_is_no_toml_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "garden.toml"
    file.write_bytes(content)
    with pytest.raises(Invalid, match="cannot be read") as error:
        read_file(file)
    assert str(file) in error.value.detail


def test_a_fault_within_a_file_is_told_with_its_path(tmp_path: Path) -> None:
    file = tmp_path / "garden.toml"
    file.write_text("[[scope]]\nname = 'a.r'\nopens = ['roses:cut']")
    with pytest.raises(Invalid) as error:
        read_files([str(file)], role_prefix="mdsp")
    assert error.value.detail == (
        f"{file}: scope 1 (a.r): opens roses:cut, and there is no such operation."
    )


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(Invalid, match="cannot be read"):
            read_file(path)


@pytest.mark.parametrize("name", [*SHIPPED, "workspace"])
def test_a_file_cannot_be_called_like_what_there_is_already(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.toml").touch()
    with pytest.raises(Invalid, match="taken"):
        read_file(tmp_path / f"{name}.toml")


def test_two_files_cannot_be_called_the_same(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "garden.toml" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    with pytest.raises(Invalid, match="two catalogues"):
        read_files(map(str, paths), role_prefix="mdsp")
    assert list(read_files([str(paths[0])], role_prefix="mdsp")) == ["garden"]


# --- what comes with a scope --------------------------------------------------------------------

SPELLED = """
prefix = "garden"
[resources]
roses = ["read", "cut"]
[also_opens]
"roses:cut" = [OPENED]
"""


def test_a_scope_spelled_by_its_action_opens_what_the_file_says() -> None:
    found = garden(SPELLED.replace("OPENED", '"groups:create", "own-api-keys:read"'))
    opens = {scope.name: scope.opens for scope in found.scopes}
    assert opens == {
        "garden:roses:read": frozenset(),
        "garden:roses:cut": {"groups:create", "own-api-keys:read"},
    }


def test_what_a_scope_opens_and_the_scope_itself_must_be_there() -> None:
    assert "no operation roses:cut" in refused(SPELLED.replace("OPENED", '"roses:cut"'))
    unknown = SPELLED.replace("OPENED", "").replace('"roses:cut" =', '"roses:eat" =')
    assert "roses:eat is not known here" in refused(unknown)


def test_whoever_manages_the_keys_of_all_manages_their_own() -> None:
    internal = read_shipped(internal_prefix="iotman")["internal"]
    opens = {scope.name: scope.opens for scope in internal.scopes if scope.resource == "api-keys"}
    assert opens == {
        f"iotman:api-keys:{verb}": {f"api-keys:{verb}", f"own-api-keys:{verb}"}
        for verb in ("read", "create", "revoke")
    }
