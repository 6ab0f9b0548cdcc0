"""What is counted while the server runs: of the whole process, and of each workspace apart.

No label holds what a stranger chose: routes are patterns, methods, grant types and reasons come
from tables. A workspace is no label either but has figures of its own, so nothing grows without
bound and nobody reads another's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Collection, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as MEDIA_TYPE

__all__ = ["MEDIA_TYPE", "Figures", "Metrics"]

MOST_WORKSPACES = 1_000
OTHER = "other"
ISSUED, SIGNED_IN, FAILED = "issued", "signed_in", "failed"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class _Hot:
    """What every request counts: plain numbers of the event loop, spelled when they are asked for.

    The library's own counters would cost the hottest paths a third of their time.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str, str], int] = {}
        self._tokens: dict[tuple[str, str], int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def request(self, labels: tuple[str, str, str], seconds: float) -> None:
        self._answers[labels] = self._answers.get(labels, 0) + 1
        route = labels[1]
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(_SECONDS) + 1)
        buckets[bisect_left(_SECONDS, seconds)] += 1
        self._sums[route] = self._sums.get(route, 0.0) + seconds

    def token(self, labels: tuple[str, str]) -> None:
        self._tokens[labels] = self._tokens.get(labels, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """All of it, as the registry asks for it."""
        answers = CounterMetricFamily(
            "scopewright_requests", "Answers.", labels=("method", "route", "status")
        )
        for answer, count in list(self._answers.items()):
            answers.add_metric(answer, count)
        yield answers
        seconds = HistogramMetricFamily(
            "scopewright_request_seconds", "How long an answer took.", labels=("route",)
        )
        for route, buckets in list(self._buckets.items()):
            bounds = (*map(str, _SECONDS), "+Inf")
            below = list(zip(bounds, accumulate(buckets), strict=True))
            seconds.add_metric((route,), below, self._sums[route])
        yield seconds
        tokens = CounterMetricFamily(
            "scopewright_tokens",
            "Requests for tokens: issued, or why not.",
            labels=("grant_type", "outcome"),
        )
        for token, count in list(self._tokens.items()):
            tokens.add_metric(token, count)
        yield tokens


class Figures:
    """Counters and gauges with the registry that spells them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._hot = _Hot()
        self.registry.register(self._hot)
        self._denials = self._counter("denials", "Refusals, by the code of the error.", "reason")
        self._sign_ins = self._counter(
            "sign_ins", "Tries to sign in: signed_in, or failed.", "provider", "outcome"
        )
        self._feed_lag = Histogram(
            "scopewright_feed_lag_seconds",
            "From a revocation to its event on a stream of the feed.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.sessions = self._gauge("sessions_alive", "Sessions that can be refreshed.")
        self.api_keys = self._gauge("api_keys_alive", "API keys that are good.")

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """An answer was sent."""
        self._hot.request((method, route, str(status)), seconds)

    def token(self, grant_type: str, outcome: str) -> None:
        """A token was issued, or refused for a reason."""
        self._hot.token((grant_type, outcome))

    def denial(self, reason: str) -> None:
        """Something was refused."""
        self._denials.labels(reason).inc()

    def sign_in(self, provider: str, outcome: str) -> None:
        """Somebody has signed in, or failed to."""
        self._sign_ins.labels(provider, outcome).inc()

    def feed_lag(self, seconds: float) -> None:
        """An event of the revocation feed was sent so long after it happened."""
        self._feed_lag.observe(seconds)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"scopewright_{name}", says, labels, registry=self.registry)

    def _gauge(self, name: str, says: str) -> Gauge:
        return Gauge(f"scopewright_{name}", says, registry=self.registry)


class ProcessFigures(Figures):
    """Those of the process, which alone has connections to the database."""

    def __init__(self) -> None:
        super().__init__()
        self.connections = Gauge(
            "scopewright_database_connections",
            "Connections to the database: in_use, or idle.",
            ["state"],
            registry=self.registry,
        )


class Metrics:
    """Counts what happens, for the process and for the workspace in which it does.

    `grant_types` are those that have a name of their own in the figures.
    """

    def __init__(self, grant_types: Collection[str] = ()) -> None:
        self.process = ProcessFigures()
        self._grant_types = frozenset(grant_types)
        self._of: OrderedDict[str, Figures] = OrderedDict()

    def of_workspace(self, workspace_id: str) -> Figures:
        """The figures of one workspace, from when the process first served it."""
        figures = self._of.get(workspace_id)
        if figures is None:
            figures = self._of[workspace_id] = Figures()
            if len(self._of) > MOST_WORKSPACES:
                self._of.popitem(last=False)
        else:
            self._of.move_to_end(workspace_id)
        return figures

    def request(
        self, workspace_id: str | None, *, method: str, route: str, status: int, seconds: float
    ) -> None:
        """An answer was sent; `route` is a pattern."""
        known = method if method in _METHODS else OTHER
        self.process.request(method=known, route=route, status=status, seconds=seconds)
        if workspace_id is not None:
            figures = self.of_workspace(workspace_id)
            figures.request(method=known, route=route, status=status, seconds=seconds)

    def token(self, workspace_id: str, grant_type: str | None, outcome: str) -> None:
        """A token was issued, or refused for a reason."""
        known = grant_type if grant_type in self._grant_types and grant_type else OTHER
        self.process.token(known, outcome)
        self.of_workspace(workspace_id).token(known, outcome)

    def denial(self, workspace_id: str | None, reason: str) -> None:
        """Something was refused; `reason` is an error's code or slug."""
        for figures in self._both(workspace_id):
            figures.denial(reason)

    def sign_in(self, provider: str, outcome: str) -> None:
        """Somebody has signed in, or failed to: in no workspace yet."""
        self.process.sign_in(provider, outcome)

    def feed_lag(self, workspace_id: str, seconds: float) -> None:
        """An event of the revocation feed was sent so long after it happened."""
        for figures in self._both(workspace_id):
            figures.feed_lag(seconds)

    def _both(self, workspace_id: str | None) -> Iterator[Figures]:
        yield self.process
        if workspace_id is not None:
            yield self.of_workspace(workspace_id)
