"""A small data service behind Scopewright: real weather as tables and arrays, Parquet underneath.

    ISSUER=https://auth.example/w/0192… AUDIENCE=0192… uvicorn app:app --port 9000

Scopes say what a credential is good for, `access.yml` says who sees which table. Each route names
its scopes once; `scopewright routes app:app` lists them.
"""

import json
import os
from collections import Counter
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any
from uuid import UUID

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from scopewright.core.errors import ScopewrightError
from scopewright.demo.weather import observations
from scopewright.guard import Asker, Claims, Guard, access_policy, asker_of, check_access
from scopewright.guard.asgi import GuardMiddleware
from scopewright.guard.fastapi import public_documentation

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
CONFIGURATION = yaml.safe_load(Path(os.environ.get("ACCESS", "access.yml")).read_text())
VISITORS = bool(CONFIGURATION.get("authentication", {}).get("allow_anonymous_access"))
FOLDER = Path(os.environ.get("DATA") or mkdtemp(prefix="dataservice-"))
MEASURED = ("temp", "humid", "pressure")
SCHEMA = pa.schema([("time", pa.string()), *((name, pa.float64()) for name in MEASURED)])
TABLES = {"A": ("JFK", "2013-01"), "B": ("LGA", "2013-01"), "C": ("EWR", "2013-01"),
          "D": ("JFK", "2013-07")}  # fmt: skip

guard = Guard(ISSUER, AUDIENCE, credential=os.environ.get("SCOPEWRIGHT_GUARD_KEY"))
policy = access_policy(CONFIGURATION["access_control"])
management = httpx.AsyncClient(base_url=f"{ISSUER.rpartition('/w/')[0]}/api/workspaces/{AUDIENCE}")
served: Counter[tuple[str, int]] = Counter()
app = public_documentation(FastAPI(title="Data service"))
app.add_middleware(GuardMiddleware, guard=guard)


class Row(BaseModel):
    time: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    temp: float | None = None
    humid: float | None = None
    pressure: float | None = None


def needs(*scopes: str) -> Any:
    """What a route declares for those whom it must know."""
    return Depends(guard.requires(*scopes))


def asker(*scopes: str) -> Any:
    """The same for reading, where visitors may be admitted to what is public."""
    check = guard.admits(*scopes) if VISITORS else guard.requires(*scopes)

    def known(claims: Annotated[Claims | None, Depends(check)]) -> Asker:
        return asker_of(claims, admits_anonymous=VISITORS)

    return Depends(known)


Said = dict[str, Any]
NewName = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Seer, Reader = Annotated[Asker, asker("read:metadata")], Annotated[Asker, asker("read:data")]
Creator = Annotated[Claims, needs("create", "write:metadata")]
Editor, Writer = Annotated[Claims, needs("write:metadata")], Annotated[Claims, needs("write:data")]


@app.exception_handler(ScopewrightError)
async def refused(request: Request, error: ScopewrightError) -> Response:
    said = guard.refusal(error, request.headers.get("authorization"))
    return Response(said.body, said.status, said.headers)


@app.middleware("http")
async def counted(request: Request, call_next: Any) -> Response:
    answer: Response = await call_next(request)
    served[request.method, answer.status_code] += 1
    return answer


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.parquet"


def write(name: str, rows: list[Said], metadata: Said) -> None:
    said = {b"metadata": json.dumps(metadata).encode()}
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA.with_metadata(said)), path_of(name))


def read(name: str, who: Asker, *scopes: str) -> tuple[pa.Table, Said]:
    """A table and what is said of it; 404 where they may not see that it is there."""
    check_access(policy, who, name, *scopes)
    if not path_of(name).exists():
        raise HTTPException(404, "There is nothing here by this name.")
    table = pq.read_table(path_of(name))
    return table, json.loads(table.schema.metadata[b"metadata"])


for name, (origin, month) in TABLES.items():
    rows = [o for o in observations() if o["origin"] == origin and o["time"].startswith(month)]
    if not path_of(name).exists():
        write(name, rows, {"origin": origin, "month": month})


@app.get("/search")
def search(who: Seer) -> list[str]:
    """The names of all that one may see."""
    seen = policy.visible(who, frozenset({"read:metadata"}))
    return sorted(path.stem for path in FOLDER.glob("*.parquet") if seen.passes(path.stem))


@app.get("/metadata/{name}")
def read_metadata(name: str, who: Seer) -> Said:
    """What is said of a table, and how long it is."""
    table, said = read(name, who, "read:metadata")
    return {**said, "rows": table.num_rows, "columns": table.column_names}


@app.get("/table/{name}")
def read_table(name: str, who: Reader, limit: Annotated[int, Query(ge=1, le=1000)] = 24) -> Any:
    """The first rows of a table."""
    return read(name, who, "read:data")[0].slice(0, limit).to_pylist()


@app.get("/array/{name}/{measured}")
def read_array(name: str, measured: str, who: Reader) -> Any:
    """One column of a table."""
    table, _ = read(name, who, "read:data")
    if measured not in MEASURED:
        raise HTTPException(404, "Nobody measures this.")
    return table.column(measured).to_pylist()


@app.post("/metadata/{name}", status_code=201)
def create(name: NewName, metadata: Said, claims: Creator) -> None:
    """A new, empty table, where the policy lets them write by this name."""
    check_access(policy, asker_of(claims), name, "create", "write:metadata")
    if path_of(name).exists():
        raise HTTPException(409, "There is something by this name.")
    write(name, [], metadata)


@app.put("/metadata/{name}")
def write_metadata(name: str, metadata: Said, claims: Editor) -> None:
    """Something else said of a table."""
    table, _ = read(name, asker_of(claims), "write:metadata")
    write(name, table.to_pylist(), metadata)


@app.put("/table/{name}")
def write_table(name: str, rows: list[Row], claims: Writer) -> None:
    """Other rows for a table."""
    _, said = read(name, asker_of(claims), "write:data")
    write(name, [row.model_dump() for row in rows], said)


@app.get("/metrics", dependencies=[needs("metrics")])
def metrics() -> Response:
    """Requests served, for Prometheus."""
    lines = [f'requests_total{{method="{m}",code="{c}"}} {n}' for (m, c), n in served.items()]
    head = "# TYPE requests_total counter"
    return Response("\n".join([head, *sorted(lines), ""]), media_type="text/plain")


@app.get("/principals", dependencies=[needs("read:principals")])
async def list_principals(request: Request) -> Response:
    """Everybody, as the authorization server tells the caller."""
    return await forwarded(request, "/principals")


@app.get("/apikeys", dependencies=[needs("apikeys")])
@app.post("/apikeys", dependencies=[needs("apikeys")])
async def own_keys(request: Request) -> Response:
    """The caller's own API keys, kept by the authorization server."""
    return await forwarded(request, "/api-keys")


@app.get("/principals/{id}/apikeys", dependencies=[needs("admin:apikeys")])
@app.post("/principals/{id}/apikeys", dependencies=[needs("admin:apikeys")])
async def keys_of(id: UUID, request: Request) -> Response:
    """Somebody else's API keys."""
    return await forwarded(request, f"/principals/{id}/api-keys")


async def forwarded(request: Request, path: str) -> Response:
    """The server's own answer to the caller's own credential."""
    sent = {name: request.headers.get(name, "") for name in ("authorization", "content-type")}
    body = await request.body()
    answer = await management.request(request.method, path, content=body, headers=sent)
    said = {"content-type": answer.headers.get("content-type", "")}
    return Response(answer.content, answer.status_code, said)
