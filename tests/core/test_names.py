"""The grammar of names at its borders, and addresses as they are kept."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scopewright.core.errors import Invalid
from scopewright.core.names import (
    check_description,
    check_email,
    check_line,
    check_name,
    check_slug,
    check_title,
    check_url_path,
    is_name,
    slugify,
)

SEEDS = [
    "sensor:read",
    "video:gold",
    "iot.timUser",
    "im.meIamViewer",
    "read:data",
    "create",
    "gold",
]
NO_NAMES = [
    "", " ", "a b", "a\n", "a/b", "a*", 'a"b', "a\\b", "ä", "a\u200b", ":a", "a:", ".", "..", "-a",
    "a-", "_a", "a_", "a\x00b", "１",
]  # fmt: skip
RESERVED_WORDS = ["openid", "profile", "email", "offline_access", "inherit", "OpenID", "INHERIT"]


@pytest.mark.parametrize("name", [*SEEDS, "a", "A", "0", "a.b-c_d:e", "a" * 128])
def test_a_name_within_the_grammar_is_kept_as_it_is(name: str) -> None:
    assert is_name(name)
    assert check_name(name) == name


@pytest.mark.parametrize("name", [*NO_NAMES, "a" * 129])
def test_a_name_outside_the_grammar_is_refused_with_its_field(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(Invalid) as refusal:
        check_name(name, field="scope")
    assert refusal.value.facts == {"field": "scope"}


@pytest.mark.parametrize("word", RESERVED_WORDS)
def test_a_word_of_the_protocol_cannot_be_defined_in_any_letter_case(word: str) -> None:
    with pytest.raises(Invalid):
        check_name(word)


@given(st.text(max_size=4))
@example("a\n")
def test_a_name_never_needs_quoting_in_a_claim_a_header_or_a_path(text: str) -> None:
    if is_name(text):
        assert text.isascii()
        assert len(text.split()) == 1
        assert not set(text) & set("/\"\\%?#&=,;'<>*")


@pytest.mark.parametrize("slug", ["a", "0", "a-b", "a" * 63, "a--b"])
def test_a_slug_is_kept(slug: str) -> None:
    assert check_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "A", "-a", "a-", "a_b", "a.b", "a" * 64, "ä", "a\n", "a b"])
def test_what_is_no_slug_is_refused(slug: str) -> None:
    with pytest.raises(Invalid):
        check_slug(slug)


@pytest.mark.parametrize(
    "uuid", ["01920000-0000-7000-8000-000000000000", "01920000000070008000000000000000"]
)
def test_a_slug_cannot_pass_for_the_id_of_another_workspace(uuid: str) -> None:
    with pytest.raises(Invalid):
        check_slug(uuid)


@pytest.mark.parametrize("path", ["a", "-", "_", "field-sensors", "a" * 64])
def test_a_url_path_is_kept(path: str) -> None:
    assert check_url_path(path) == path


@pytest.mark.parametrize("path", ["", "A", "a/b", ".", "..", "a" * 65, "a\n", "ä"])
def test_what_is_no_url_path_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        check_url_path(path)


@given(st.text(max_size=80))
@example("Field Sensors")
@example("x" * 62 + " y")
def test_a_slug_made_of_a_title_is_empty_or_good(title: str) -> None:
    slug = slugify(title)
    assert not slug or (check_slug(slug) == slug and check_url_path(slug) == slug)


def test_a_slug_is_the_title_in_small_letters_with_hyphens() -> None:
    assert slugify("Field Sensors") == "field-sensors"
    assert slugify("  --Ω-- ") == ""


@given(st.text(max_size=10))
@example("a\x85b")
@example("a\ud800")
def test_a_title_is_one_line_without_blanks_around_it_and_can_be_stored(text: str) -> None:
    try:
        title = check_title(text)
    except Invalid:
        return
    assert title
    assert title == title.strip()
    assert title.splitlines() == [title]
    title.encode()


@pytest.mark.parametrize(
    "title", ["", "  ", "a\nb", "a\tb", "a\u2028b", "a\x85b", "\ud800", "a" * 129]
)
def test_a_title_that_is_not_one_visible_line_is_refused(title: str) -> None:
    with pytest.raises(Invalid):
        check_title(title)


@pytest.mark.parametrize("mark", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_name_cannot_reorder_what_is_read_around_it(mark: str) -> None:
    """A client's stands in the question whether it may act for somebody."""
    for check in (check_title, partial(check_line, longest=100, field="note")):
        with pytest.raises(Invalid):
            check(f"Field App{mark}")
    assert check_title("\u05e9\u05dc\u05d5\u05dd\u200f!") == "\u05e9\u05dc\u05d5\u05dd\u200f!"


def test_a_description_may_be_missing_and_may_have_lines() -> None:
    assert check_description(None) == ""
    assert check_description(" two\nlines ") == "two\nlines"
    assert len(check_description("a" * 1000)) == 1000


@pytest.mark.parametrize("text", ["a" * 1001, "a\x00", "\udfff"])
def test_a_description_that_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        check_description(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  Ada@Example.ORG\n", "ada@example.org"),
        ("ada+tag@example.org", "ada+tag@example.org"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("ada@localhost", "ada@localhost"),
        ("a" * 64 + "@" + "b" * 189, "a" * 64 + "@" + "b" * 189),
    ],
)
def test_an_address_is_kept_in_small_letters(typed: str, kept: str) -> None:
    assert check_email(typed) == kept


@pytest.mark.parametrize(
    "address",
    [
        "", "ada", "@example.org", "ada@", "a b@example.org", "ada@exa mple.org", "a/b@example.org",
        "ada@example.org/x", "a@b@example.org", "ada@-example.org", "ada@example.org.",
        "ada@example..org", "a..b@example.org", "<ada@example.org>", "ada@example.org,eve@evil",
        "ada@example.org\nBcc: eve@evil", "ada@ex\nample.org", "a" * 65 + "@example.org",
        "a" * 64 + "@" + "b" * 190,
        "ada@" + "a" * 254, "a\x00@example.org", "\ud800@example.org", "a\x9b@example.org",
        "ada@exämple.org", "eve\u202egro.elpmaxe@example.org", "eve\u2066@example.org",
    ],
)  # fmt: skip
def test_what_cannot_be_written_to_is_refused_before_any_letter(address: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_email(address, field="to")
    assert refusal.value.facts == {"field": "to"}


@given(st.text(max_size=8), st.sampled_from(["", "@example.org", "@Example.org"]))
@example("İ", "@example.org")
@example("K", "@example.org")
def test_normalising_an_address_twice_changes_nothing(local: str, domain: str) -> None:
    try:
        address = check_email(local + domain)
    except Invalid:
        return
    assert check_email(address) == address
    address.encode()
    assert not set(address) & set("/\r\n \t")
