"""Writes the generated parts of `docs/`: `python -m scripts.docs`; with `--check` only compares.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from scopewright.api.routes import ROUTES
from scopewright.catalogues import INTERNAL, read_shipped
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.presets import presets
from scopewright.oauth import decisions
from scopewright.web.problems import BUG, TABLE

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
DIALECTS = ROOT / "tests" / "dialects"
DANGEROUS = " ⚠"  # what a browser does only soon after its sign-in
Shown = dict[int, tuple[str, str]]
BROWSER = ROOT / "tests" / "browser"
PEERS = ROOT / "tests" / "peers"
PART = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def internal() -> Catalogue:
    """The internal catalogue in its default spelling."""
    return read_shipped(internal_prefix="iotman")[INTERNAL]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    cells = [list(head)]
    lines = [" | ".join(cells[0]), "|".join("---" for _ in cells[0])]
    lines += [" | ".join(row) for row in rows]
    return "".join(f"| {line} |\n" if "---" not in line else f"|{line}|\n" for line in lines)


def preset_table() -> str:
    chosen = presets(internal().scopes)
    rows = []
    before: frozenset[str] = frozenset()
    for preset in chosen:
        actions = sorted({name.rpartition(":")[2] for name in preset.scopes - before})
        rows.append([preset.label, str(len(preset.scopes)), " ".join(f"`{a}`" for a in actions)])
        before = preset.scopes
    return table(["preset", "scopes", "adds every scope whose action is"], rows)


def role_table() -> str:
    catalogue = internal()
    words = Vocabulary((catalogue,))
    rows = []
    for role in catalogue.roles:
        scopes = words.graph.expand([role.name]).scopes
        rows.append([f"`{role.name}`", str(len(scopes)), role.description])
    return table(["role", "scopes", "who"], rows)


def scope_table() -> str:
    calls = defaultdict(list)
    calls[decisions.OPERATION] = [f"`POST {{issuer}}/{path}`" for path in decisions.QUESTIONS]
    for route in ROUTES:
        if route.operation:
            path = route.path.replace("/api/workspaces/{ws}", "…")
            mark = DANGEROUS if route.dangerous else ""
            calls[route.operation].append(f"`{route.method} {path}`{mark}")
    rows = []
    for scope in internal().scopes:
        opened = [call for operation in sorted(scope.opens) for call in calls[operation]]
        rows.append([f"`{scope.name}`", scope.description, "<br>".join(opened)])
    return table(["scope", "lets its holder", "calls"], rows)


def problem_table() -> str:
    kinds = [*((kind, cls.__doc__ or "") for cls, kind in TABLE.items()), (BUG, "A fault of ours.")]
    rows = [
        [f"`{kind.slug}`", str(kind.status), kind.title, first_line(doc)] for kind, doc in kinds
    ]
    return table(["type", "status", "title", "means"], rows)


def iotman_table() -> str:
    shown, in_pages = shown_by(DIALECTS / "test_iotman.py"), shown_by(BROWSER / "test_access.py")
    for number, (words, test) in in_pages.items():
        both = shown.get(number)
        shown[number] = (words, test) if both is None else (both[0], f"{both[1]}<br>page: {test}")
    return behaviour_table(shown, range(1, 121))


def mindsphere_table() -> str:
    numbers = [*range(1, 63), 64, 65, 66, 68, 70, 71, 75]
    return behaviour_table(shown_by(DIALECTS / "test_mindsphere.py"), numbers)


def tiled_table() -> str:
    files = [*DIALECTS.glob("test_tiled*.py"), *PEERS.glob("test_*tiled*.py")]
    return behaviour_table(shown_by(*sorted(files)), range(1, 87))


def shown_by(*files: Path) -> Shown:
    """Behaviours by number: what the docstrings of each one's tests say, and the tests' names."""
    said, names = defaultdict[int, list[str]](list), defaultdict[int, list[str]](list)
    for node in [node for file in files for node in ast.parse(file.read_text()).body]:
        numbered = re.match(r"test_(\d{3})_", getattr(node, "name", ""))
        if numbered and isinstance(node, ast.FunctionDef):
            said[int(numbered[1])] += (ast.get_docstring(node) or "").split()
            names[int(numbered[1])].append(f"`{node.name}`")
    return {number: (" ".join(said[number]), "<br>".join(names[number])) for number in names}


def behaviour_table(shown: Shown, numbers: Iterable[int]) -> str:
    """Every behaviour by its number, and its test."""
    assert set(shown) == set(numbers), "every behaviour is tested"
    return table(["", "behaviour", "test"], ([str(n), *shown[n]] for n in sorted(shown)))


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


PARTS: dict[str, Callable[[], str]] = {
    "presets": preset_table,
    "roles": role_table,
    "scopes": scope_table,
    "problems": problem_table,
    "iotman": iotman_table,
    "mindsphere": mindsphere_table,
    "tiled": tiled_table,
}


def written(page: str) -> str:
    """The page with its generated parts made anew."""
    return PART.sub(lambda part: part[1] + PARTS[part[2]]() + part[4], page)


def stale_pages() -> list[Path]:
    """The pages whose generated parts are not what they would be now."""
    return [
        page for page in sorted(DOCS.glob("*.md")) if written(page.read_text()) != page.read_text()
    ]


def main() -> int:
    pages = stale_pages()
    if "--check" in sys.argv:
        for page in pages:
            print(f"{page.name} is stale: run python -m scripts.docs")
        return bool(pages)
    for page in pages:
        page.write_text(written(page.read_text()))
        print(f"wrote {page.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
