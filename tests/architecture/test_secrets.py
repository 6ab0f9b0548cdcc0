"""How the code itself treats secrets: compares them in constant time, and keeps none in a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import files, modules, name_of, tree_of

SECRET = re.compile(r"(?:^|_)(?:hash|secret|verifier|challenge|password|anti_forgery|signature)$")
BY_EQUALS = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
# Both sides are the asker's own, or neither is: how long it takes tells nobody anything.
HARMLESS = {
    "src/scopewright/core/upstream.py": [
        "claims['at_hash'] != half_hash(expected.access_token or '')"
    ],
    "src/scopewright/guard/binding.py": ["proof.hash not in shown.spent"],
    "src/scopewright/oauth/introspection.py": ["form.get('token') == presented.secret"],
    "src/scopewright/services/logout.py": ["session.sign_in_hash == sign_in.cookie_hash"],
    "src/scopewright/web/credentials.py": ["posted_secret not in (None, secret)"],
}
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE[ ]KEY-----\s+[A-Za-z0-9+/]")


def compared(path: Path) -> Iterator[str]:
    """The comparisons of secrets, or of their hashes, that end at the first difference."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], BY_EQUALS):
            sides = [node.left, *node.comparators]
            if any(map(is_secret, sides)) and not any(isinstance(s, ast.Constant) for s in sides):
                yield ast.unparse(node)


def is_secret(side: ast.expr) -> bool:
    match side:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return SECRET.search(name) is not None
        case ast.Call(func=ast.Name(id=name)):
            return "hash" in name
    return False


def test_what_is_presented_is_compared_with_a_secret_in_constant_time() -> None:
    """In a database a hash is found by an index: whoever guesses one would have to guess it all."""
    outside = (path for path in modules() if path.parent.name != "store")
    found = {name_of(path): list(compared(path)) for path in outside}
    assert {name: said for name, said in found.items() if said} == HARMLESS


def test_no_file_holds_a_private_key() -> None:
    every = files("src", "tests", "docs", "examples")
    assert [name_of(path) for path in every if PRIVATE_KEY.search(path.read_bytes())] == []
