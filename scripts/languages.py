"""What pages and letters say, for translators: `python -m scripts.languages` gathers it anew.

Every `CODE.po` beside the languages gets what is new, empty, and loses what nobody says any more;
with `--check` it is only told what would change.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from io import BytesIO
from itertools import count
from typing import TypeGuard

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from scopewright.api.problem_pages import what_it_is
from scopewright.catalogues import read_shipped
from scopewright.core.presets import presets
from scopewright.languages import CODES, ENGLISH, FOLDER
from scopewright.services.providers.settling import UNKNOWN
from scopewright.web.problems import BUG, TABLE

PACKAGE = FOLDER.parent
KEYWORDS = {
    "_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "NN_": (1, 2), "says": None,
    "counts": (1, 2),
}  # fmt: skip
METHODS = [
    ("console/**.py", "python"),
    ("api/problem_pages.py", "python"),
    ("cli/browser.py", "python"),
    ("gateway/pages.py", "python"),
    ("mail.py", "python"),
    ("**.html", "jinja2.ext:babel_extract"),
]
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}

ERRORS = {
    "Invalid", "Conflict", "NotFound", "NotNow", "Forbidden", "Escalation", "Malformed", "TooMany",
    "SignInTooOld",
}  # fmt: skip
# The protocol's own errors that are said to people: on the page of a redirect that cannot be
# trusted, and on the page where they answer for a device.
TO_PEOPLE = {
    "": {"InvalidRedirect"},
    "core/device_authorization": {"AccessDenied", "InvalidScope"},
    "services/authorization/a": {"NotFound", "NotNow"},
}
REFUSING = ("core", "services", "api", "store", "web", "console")
# What programs ask for and get wrong, and what only whoever installs it can.
OF_THE_PROTOCOL = (
    "api/assembly", "api/batches", "api/ingest", "api/metrics", "core/authorization_request",
    "core/claims_request", "core/client_documents", "core/enabling", "core/oauth_", "core/provider",
    "core/pushed", "core/request_objects", "core/security_profile", "core/token_exchange",
    "core/openapi", "core/client_metadata", "core/decisions", "core/gateway_sessions",
    "core/said_tags", "services/authorization", "services/ingest", "services/providers/outside",
    "services/providers/settling", "services/pushed", "services/registration.py",
    "services/revocations", "services/tokens", "services/userinfo", "store/migrating",
    "web/credentials", "web/requests", "web/http",
)  # fmt: skip


def gathered() -> Catalog:
    """Every message that the pages say, with where."""
    catalog = Catalog(fuzzy=False)
    for file, line, said, _, _ in extract_from_dir(
        PACKAGE, METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        catalog.add(said, locations=[(file, line)])
    for said in (*_named(), *refusals()):
        catalog.add(said)
    return catalog


def _named() -> Iterator[str]:
    """What the pages say of data that ships: titles, presets, and what scopes and roles are."""
    for error, kind in TABLE.items():
        yield kind.title
        yield what_it_is(error)
    yield from (BUG.title, UNKNOWN)
    internal = read_shipped(internal_prefix="iotman")["internal"]
    yield from (preset.label for preset in presets(internal.scopes))
    yield from (one.description for one in (*internal.scopes, *internal.roles) if one.description)


def refusals() -> Iterator[str]:
    """Why the API refuses what a form may send: `raise Invalid(f"…{x}…")` says `…%(1)s…`."""
    for part in REFUSING:
        for file in sorted((PACKAGE / part).rglob("*.py")):
            errors = _errors_said_in(str(file.relative_to(PACKAGE)))
            for node in ast.walk(ast.parse(file.read_text())):
                if _is_refusal(node, errors) and (said := _spelled(node.args[0])):
                    yield said


def _errors_said_in(file: str) -> set[str]:
    """The classes of errors that a module says to people."""
    usual = set() if file.startswith(OF_THE_PROTOCOL) else ERRORS
    return usual.union(*(said for part, said in TO_PEOPLE.items() if file.startswith(part)))


def _is_refusal(node: ast.AST, errors: Collection[str]) -> TypeGuard[ast.Call]:
    is_named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return is_named and node.func.id in errors and bool(node.args)


def _spelled(words: ast.expr) -> str | None:
    """A text as a message; values are numbered."""
    if isinstance(words, ast.Constant) and isinstance(words.value, str):
        return words.value
    if not isinstance(words, ast.JoinedStr):
        return None
    number, said = count(1), ""
    for part in words.values:
        said += str(part.value) if isinstance(part, ast.Constant) else f"%({next(number)})s"
    return said


def updated(code: str, messages: Catalog) -> bytes:
    """The file of a language with exactly these messages."""
    file = FOLDER / f"{code}.po"
    known = Catalog(locale=code)
    if file.exists():
        with file.open("rb") as stream:
            known = read_po(stream, locale=code)
    said = Catalog(locale=code, fuzzy=False)
    for message in messages:
        if message.id:
            before = known.get(message.id)
            said.add(message.id, before.string if before and not before.fuzzy else None)
    stream = BytesIO()
    write_po(stream, said, width=100, sort_output=True, omit_header=True)
    return stream.getvalue()


def untranslated(code: str) -> list[str]:
    """The messages for which a language has no words."""
    with (FOLDER / f"{code}.po").open("rb") as stream:
        known = read_po(stream, locale=code)
    missing = []
    for message in gathered():
        said = known.get(message.id) if message.id else None
        words = said.string if said else None
        if message.id and not (all(words) if isinstance(words, tuple) else words):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def main() -> int:
    messages, missing = gathered(), 0
    for code in CODES:
        if code == ENGLISH:
            continue
        if "--check" not in sys.argv:
            (FOLDER / f"{code}.po").write_bytes(updated(code, messages))
        for said in untranslated(code):
            missing += 1
            print(f"{code}: {said}")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
