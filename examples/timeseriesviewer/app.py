"""A small application behind Scopewright: a year of weather, guarded endpoint by endpoint.

    ISSUER=https://auth.example/w/0192… AUDIENCE=0192… uvicorn app:app --port 9000

What each endpoint asks for stands beside it once. From there it is enforced, listed by
`scopewright routes app:app`, and handed to the gateway as OpenAPI (`setup.sh`).
"""

import os
from datetime import date, timedelta
from html import escape
from itertools import groupby
from statistics import mean
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from scopewright.demo.weather import observations
from scopewright.guard import Claims, Guard, public
from scopewright.guard.asgi import GuardMiddleware

OWN = "timeseriesviewer.all"  # this application's own scope: whoever lacks it stays outside
MEASURED = {"temp": "Temperature, °F", "humid": "Relative humidity, %", "pressure": "Pressure, mb"}
DAYS = 7

guard = Guard(os.environ["ISSUER"], os.environ["AUDIENCE"])
app = FastAPI(title="Time Series Viewer", openapi_url=None)
app.add_middleware(GuardMiddleware, guard=guard)

Row = dict[str, Any]
assets: dict[str, list[Row]] = {
    name: list(rows) for name, rows in groupby(observations(), key=lambda row: row["origin"])
}


class NewPoint(BaseModel):
    """What was measured at one time."""

    time: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    temp: float | None = None
    humid: float | None = None
    pressure: float | None = None


def needs(*scopes: str) -> Any:
    """What an endpoint declares: its scopes beside the application's own."""
    return Depends(guard.requires(OWN, *scopes))


def rows_of(name: str) -> list[Row]:
    if name not in assets:
        raise HTTPException(404, "There is no such asset.")
    return assets[name]


def within(rows: list[Row], start: date, days: int = DAYS) -> list[Row]:
    return [row for row in rows if str(start) <= row["time"] < str(start + timedelta(days))]


Days = Annotated[int, Query(ge=1, le=366)]
Start = Annotated[date, Query(ge=date(1900, 1, 1), le=date(2100, 1, 1))]
JANUARY = date(2013, 1, 1)


@app.get("/health")
@public
def health() -> str:
    """For whoever watches over this process."""
    return "well"


@app.get("/assets", dependencies=[needs("asm.r")])
def list_assets() -> list[str]:
    """The places where something is measured."""
    return sorted(assets)


@app.post("/assets/{name}", status_code=201, dependencies=[needs("asm.c")])
def create_asset(name: Annotated[str, Path(pattern="^[A-Z]{3}$")]) -> None:
    """One more place; kept until the process ends."""
    assets.setdefault(name, [])


@app.get("/assets/{name}/series", dependencies=[needs("iot.tim.r")])
def read_series(name: str, start: Start = JANUARY, days: Days = DAYS) -> list[Row]:
    """What was measured at a place, by the hour."""
    return within(rows_of(name), start, days)


@app.post("/assets/{name}/series", status_code=201, dependencies=[needs("iot.tim.w")])
def write_series(name: str, point: NewPoint) -> Row:
    """One more measurement; kept until the process ends."""
    rows_of(name).append(row := {"origin": name, **point.model_dump()})
    return row


@app.get("/assets/{name}/aggregates", dependencies=[needs("iot.tsa.r")])
def read_aggregates(name: str, start: Start = JANUARY, days: Days = DAYS) -> dict[str, float]:
    """The mean temperature of each day."""
    measured = [row for row in within(rows_of(name), start, days) if row["temp"] is not None]
    by_day = groupby(measured, key=lambda row: row["time"][:10])
    return {day: round(mean(row["temp"] for row in rows), 2) for day, rows in by_day}


@app.get("/")
def page(
    claims: Annotated[Claims, needs("asm.r", "iot.tim.r")],
    asset: str = "JFK",
    measured: str = "temp",
    start: Start = JANUARY,
) -> HTMLResponse:
    """One week at one place as a chart, and who is looking at it."""
    if measured not in MEASURED:
        raise HTTPException(404, "Nobody measures this.")
    points = [row[measured] for row in within(rows_of(asset), start)]

    def link(text: str, **changed: Any) -> str:
        said = {"asset": asset, "measured": measured, "start": start, **changed}
        query = "&amp;".join(f"{name}={value}" for name, value in said.items())
        return f'<a href="/?{query}">{escape(text)}</a>'

    choices = [link(f"{days:+} days", start=start + timedelta(days)) for days in (-DAYS, DAYS)]
    choices += [link(name, asset=name) for name in sorted(assets)]
    choices += [link(name, measured=name) for name in MEASURED]
    return HTMLResponse(f"""<!doctype html><html lang="en"><meta charset="utf-8">
<title>Time Series Viewer</title>
<style>body {{ font: 16px system-ui; margin: 2rem; color-scheme: light dark }}
a {{ margin-right: 1rem }} svg {{ width: 100%; height: 20rem }} small {{ opacity: .7 }}</style>
<h1>{escape(MEASURED[measured])} at {escape(asset)}, week of {start}</h1>
<p>{"".join(choices)}</p>{chart(points)}
<small>{escape(claims.subject)} holds {escape(" ".join(sorted(claims.scopes)))}.
<a href="/.scopewright/logout">Sign out</a></small></html>""")


def chart(points: list[float | None]) -> str:
    """A line of what was measured; its width is a week of hours."""
    known = [(hour, value) for hour, value in enumerate(points) if value is not None]
    low, high = (which((value for _, value in known), default=0.0) for which in (min, max))
    span = high - low or 1
    line = " ".join(f"{hour},{100 - 100 * (value - low) / span:.1f}" for hour, value in known)
    return f"""<svg viewBox="-4 -4 176 108" preserveAspectRatio="none" role="img">
<title>From {low} to {high}</title>
<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="0.5"/></svg>
<p>From {low} to {high}.</p>"""
