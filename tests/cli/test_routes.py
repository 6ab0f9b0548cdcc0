"""`scopewright routes`: reads an application of somebody's, and says what it forgot."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scopewright.cli import main

APPLICATION = """
print("what an application prints while it is imported")

from fastapi import Depends, FastAPI
from scopewright.guard import PUBLIC, Guard, Rules, any_of, public
from scopewright.guard.asgi import GuardMiddleware
from scopewright.guard import wsgi

guard = Guard("http://127.0.0.1:1/w/x", "x")
app = FastAPI(openapi_url=None)

@app.get("/known", dependencies=[Depends(guard.requires())])
@app.put("/items", dependencies=[Depends(guard.requires(any_of("shop.write", "shop.all")))])
@app.get("/items", dependencies=[Depends(guard.requires("shop.read", "asm.r"))])
def items(): ...

@app.get("/health")
@public
def health(): ...

def careless():
    made = FastAPI(openapi_url=None)
    made.mount("/shop", app)
    made.delete("/items")(lambda: None)
    return made

def careful():
    made = careless()
    made.add_middleware(GuardMiddleware, guard=guard)
    return made

def plain(environ, start_response): ...

class nested:
    ruled = wsgi.GuardMiddleware(plain, guard, Rules({"GET /items": "shop.read", "* /s/*": PUBLIC}))
"""

TABLE = """\
method  path    needs
GET     /items  asm.r shop.read
PUT     /items  shop.write or shop.all
GET     /known  any credential
GET     /health  public
"""
_numbers = itertools.count()

Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`scopewright routes …` in a folder with an application; SHOP stands for its module."""
    name = f"shop_{next(_numbers)}"
    (tmp_path / f"{name}.py").write_text(APPLICATION)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(*arguments: str) -> Ran:
        given = [argument.replace("SHOP", name) for argument in arguments]
        monkeypatch.setattr(sys, "argv", ["scopewright", "routes", *given])
        with pytest.raises(SystemExit) as ended:
            main.run()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out.replace(name, "SHOP"), said.err.replace(name, "SHOP")

    return run


def columns(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_every_route_is_listed_with_what_it_needs(run: Run) -> None:
    code, said, errors = run("SHOP:app")
    assert (code, columns(said)) == (0, columns(TABLE))
    assert errors == "what an application prints while it is imported\n"


def test_a_forgotten_route_is_a_finding_that_says_what_becomes_of_it(run: Run) -> None:
    code, said, _ = run("SHOP:careless()")
    assert code == 1
    assert ["GET", "/shop/items", "asm.r", "shop.read"] in columns(said)
    assert ["DELETE", "/items", "undeclared"] in columns(said)
    assert said.endswith("declares nothing, anybody may reach it: DELETE /items\n")
    code, said, _ = run("SHOP:careful()")
    assert code == 1
    assert said.endswith("declares nothing, the guard refuses it: DELETE /items\n")


def test_a_scope_that_guards_nothing_is_a_finding(run: Run) -> None:
    code, said, _ = run("SHOP:app", "--scopes", "shop.read shop.all", "--scopes", "shop.delete")
    assert (code, said.splitlines()[-1]) == (1, "guards nothing: shop.delete")
    code, said, _ = run("SHOP:app", "--scopes", "shop.read shop.all shop.write asm.r")
    assert (code, columns(said)) == (0, columns(TABLE))


def test_a_catalogue_alone_names_the_applications_own_scopes(run: Run) -> None:
    names = ("shop.read", "shop.write", "shop.all", "shop.delete")
    text = "".join(f'[[scope]]\nname = "{name}"\ndescription = "x"\n' for name in names)
    Path("words.toml").write_text(text)
    code, said, _ = run("SHOP:app", "--catalogue", "words.toml")
    assert code == 1
    assert said.splitlines()[-2:] == [
        "guards nothing: shop.delete",
        "asked for, but defined nowhere: asm.r",
    ]


def test_beside_the_own_scopes_a_catalogue_says_only_which_exist(run: Run) -> None:
    given = ("SHOP:app", "--catalogue", "mindsphere", "--scopes")
    code, said, _ = run(*given, "shop.read shop.write")
    assert (code, said.splitlines()[-1]) == (1, "asked for, but defined nowhere: shop.all")
    assert run(*given, "shop.read shop.write shop.all")[0] == 0


def test_programs_get_json(run: Run) -> None:
    code, said, _ = run("SHOP:careful()", "--json", "--scopes", "shop.delete")
    answer: dict[str, Any] = json.loads(said)
    assert code == 1
    assert (answer["unused"], answer["unknown"]) == (["shop.delete"], [])
    forgotten = {
        "method": "DELETE", "path": "/items", "declared": False, "any_of": [], "guarded": True,
    }  # fmt: skip
    assert answer["undeclared"] == [forgotten]
    by_path = {f"{one['method']} {one['path']}": one for one in answer["routes"]}
    assert by_path["PUT /shop/items"]["any_of"] == [["shop.write"], ["shop.all"]]
    assert by_path["GET /shop/known"]["any_of"] == [[]]
    assert by_path["GET /shop/health"] == {
        "method": "GET", "path": "/shop/health", "declared": True, "any_of": [], "guarded": True,
    }  # fmt: skip


def test_the_table_of_a_wsgi_application_is_listed(run: Run) -> None:
    code, said, _ = run("SHOP:nested.ruled")
    assert code == 0
    assert columns(said)[1:] == [["GET", "/items", "shop.read"], ["*", "/s/*", "public"]]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("SHOP", "SHOP is not of the form MODULE:APP"),
        (":app", ":app is not of the form MODULE:APP"),
        ("SHOP:", "SHOP: is not of the form MODULE:APP"),
        ("nowhere:app", "nowhere:app cannot be imported: ModuleNotFoundError: No module named"),
        ("SHOP:nothing", "SHOP:nothing cannot be imported: AttributeError:"),
        ("SHOP:plain", "SHOP:plain is neither a FastAPI or Starlette application nor behind"),
        ("SHOP:plain()", "SHOP:plain() cannot be imported: TypeError:"),
        ("broken:app", "broken:app cannot be imported: KeyError: 'ISSUER'"),
        ("unreadable:app", "unreadable:app cannot be imported: SyntaxError:"),
        ("ended:app", "ended:app cannot be imported: SystemExit: 7"),
        ("lacking:app", "lacking:app cannot be imported: ModuleNotFoundError: No module named"),
        ("..:app", "..:app cannot be imported: TypeError"),
    ],
)
def test_what_is_no_application_is_wrong_usage(run: Run, target: str, sentence: str) -> None:
    Path("broken.py").write_text("import os\nos.environ['ISSUER']\n")
    Path("unreadable.py").write_text("app = (\n")
    Path("ended.py").write_text("raise SystemExit(7)\n")
    Path("lacking.py").write_text("import nowhere_at_all\n")
    code, said, errors = run(target)
    assert (code, said) == (2, "")
    assert errors.splitlines()[-1].startswith(f"scopewright: {sentence}")
    assert "Traceback" not in errors


@pytest.mark.parametrize("catalogue", ["nowhere.toml", "bad.toml", "."])
def test_a_catalogue_that_cannot_be_read_is_wrong_usage(run: Run, catalogue: str) -> None:
    Path("bad.toml").write_text("[[scope]\n")
    code, said, errors = run("SHOP:app", "--catalogue", catalogue)
    assert (code, said) == (2, "")
    assert errors.startswith("scopewright: ")


def test_without_credentials_nobody_is_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(Path.cwd()))
    code, _, errors = run("SHOP:app", "--application", "shop")
    assert code == 2
    assert errors.startswith("scopewright: which server?")
