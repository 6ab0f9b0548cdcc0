"""The grammar of names, and which words nobody may take.

Scope and role names are RFC 6749's scope-token narrowed to letters, digits and `_ - . :`, first
and last a letter or digit, at most 128 characters, case-sensitive.
"""

from __future__ import annotations

import re

from scopewright.core.errors import Invalid

PROTOCOL_WORDS = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})
RESERVED = PROTOCOL_WORDS | {"inherit"}
LONGEST_NAME = 128
LONGEST_TEXT = 1000

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:-]{0,126}[A-Za-z0-9])?")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_URL_PATH = re.compile(r"[a-z0-9_-]{1,64}")
# They change the order in which what stands around them is read (Unicode UAX 9 §2.1, §2.2, §2.4).
_REORDERING = r"\u202a-\u202e\u2066-\u2069"
_EMAIL = re.compile(
    rf"[^\s@/,;<>()\[\]\\\"\x00-\x1f\x7f-\x9f{_REORDERING}\ud800-\udfff]{{1,64}}"
    r"@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?"
)
_CONTROL = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{_REORDERING}\ud800-\udfff]")


def is_name(text: str) -> bool:
    """Whether this could be the name of a scope or role."""
    return _NAME.fullmatch(text) is not None


def check_name(text: str, *, field: str = "name") -> str:
    """A name as it may be defined.

    Raises:
        Invalid: outside the grammar, or a reserved word.
    """
    if not is_name(text):
        raise Invalid(
            "A name has 1 to 128 letters, digits and _ - . : and begins and ends with a letter"
            " or digit.",
            field=field,
        )
    if text.casefold() in RESERVED:
        raise Invalid("This word is reserved by the protocol.", field=field)
    return text


def check_slug(text: str) -> str:
    """A workspace's slug: 1 to 63 lower-case letters, digits and inner hyphens.

    Never a UUID: it stands where a workspace's id may stand, and must not pass for another's.
    """
    if _SLUG.fullmatch(text) is None or _UUID.fullmatch(text):
        raise Invalid(
            "A slug has 1 to 63 lower-case letters, digits and inner hyphens, and is no UUID.",
            field="slug",
        )
    return text


def check_url_path(text: str, *, field: str = "url_path") -> str:
    """The last part of an ingest or export URL."""
    if _URL_PATH.fullmatch(text) is None:
        raise Invalid(
            "A path has 1 to 64 lower-case letters, digits, hyphens and underscores.", field=field
        )
    return text


def check_title(text: str, *, field: str = "name") -> str:
    """A name for people: one line, not blank, at most 128 characters."""
    if not text.strip() or len(text) > LONGEST_NAME or _CONTROL.search(text):
        raise Invalid("A name is one line of 1 to 128 visible characters.", field=field)
    return text.strip()


def check_description(text: str | None, *, field: str = "description") -> str:
    """A sentence or two for people; may be missing."""
    if text is None:
        return ""
    if len(text) > LONGEST_TEXT or "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Invalid("A description has at most 1000 characters, without NUL.", field=field)
    return text.strip()


def check_line(text: str, *, longest: int, field: str) -> str:
    """A line for people, perhaps empty."""
    if len(text) > longest or _CONTROL.search(text):
        raise Invalid(f"This is one line of at most {longest} characters.", field=field)
    return text.strip()


def check_email(text: str, *, field: str = "email") -> str:
    """An address as it is kept: lower case, so that spellings are one person.

    Raises:
        Invalid: no address, or one with `/`, which could not stand in a path.
    """
    address = text.strip().lower()
    if _EMAIL.fullmatch(address) is None or ".." in address or len(address) > 254:
        raise Invalid("This is not an email address that can be written to.", field=field)
    return address


def slugify(title: str) -> str:
    """`Field Sensors` → `field-sensors`; empty when nothing usable is left."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:63].strip("-")
