"""The report: a table a row, its bounds with their verdicts, and what was compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.figures import Bound, Series, find
from bench.rows import Row


@dataclass(frozen=True)
class Result:
    """What a row came to: its contestants' rounds, or why it failed."""

    row: Row
    series: dict[str, Series]
    failure: str = ""

    def floors(self, verdict: bool | None) -> int:
        """How many floors are reached (True), missed (False) or could not be judged (None)."""
        return sum(bound.holds(self.series) is verdict for bound in self.row.floors)

    @property
    def missed(self) -> bool:
        return bool(self.failure) or self.floors(False) > 0


def report(results: Sequence[Result], *, conditions: Sequence[str]) -> str:
    """The whole report, as Markdown."""
    parts = ["# Benchmarks", "\n".join(f"- {line}" for line in conditions)]
    parts += ["\n".join(section(result)) for result in results]
    reached, missed, unknown = (
        sum(result.floors(verdict) for result in results) for verdict in (True, False, None)
    )
    parts.append(f"Floors: {reached} reached, {missed} missed, {unknown} not judged.")
    if names := [result.row.name for result in results if result.missed]:
        parts.append(f"Rows that failed or missed a floor: {', '.join(names)}")
    return "\n\n".join(parts) + "\n"


def section(result: Result) -> Iterator[str]:
    """One row's title, table and verdicts."""
    yield f"## {result.row.title} [{result.row.name}]"
    yield ""
    if result.failure:
        yield f"FAILED: {result.failure}"
        return
    yield f"| | {result.row.unit} | min–max | p50 ms | p99 ms | µs of processor | the first is |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    first = next(iter(result.series.values()), None)
    for name, series in result.series.items():
        cells = [
            number(series.value),
            f"{number(series.least)}–{number(series.most)}",
            number(series.median("p50")),
            number(series.median("p99")),
            number(series.median("processor")),
            f"{first.value / series.value:.2f} ×" if first else "",
        ]
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    for bound in result.row.floors:
        yield f"- floor: {_verdict(bound, result.series, otherwise='MISSED')}"
    for bound in result.row.goals:
        yield f"- goal: {_verdict(bound, result.series, otherwise='not yet')}"


def number(value: float | None) -> str:
    """Three significant digits for small values, thousands apart for large ones."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _verdict(bound: Bound, results: dict[str, Series], *, otherwise: str) -> str:
    said = f"{bound.factor:g} × {bound.of}" if bound.of else f"{bound.factor:,g}"
    said = f"{bound.contestant} {'at most' if bound.at_most else 'at least'} {said}"
    series, holds = find(results, bound.contestant), bound.holds(results)
    if series is None or holds is None:
        return f"{said}: not judged, one side was not measured"
    other = find(results, bound.of) if bound.of else None
    reached = f"{series.value / other.value:.2f} ×" if other else number(series.value)
    return f"{said}: {'reached' if holds else otherwise} ({reached})"
