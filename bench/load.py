"""Load by ``wrk``: one request repeated over many connections, and what came of it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field

# wrk calls `done` once; its `status` error counts answers of 400 and above.
DONE = """
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests": %d, "seconds": %.6f, "p50": %d, "p99": %d,' ..
    ' "refused": %d, "broken": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""

# Each answer's refresh token goes to the end of the queue; a request takes the first. With more
# tokens than connections no token is ever sent twice.
ROTATE = """
local first, last = 1, #tokens
function request()
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return wrk.format(nil, nil, nil, wrk.body .. '&refresh_token=' .. (token or 'none-left'))
end
function response(status, headers, body)
  local token = string.match(body, '"refresh_token" *: *"([^"]+)"')
  if token then
    last = last + 1
    tokens[last] = token
  end
end
"""

# One client after the other.
TAKE_TURNS = """
local turn = 0
function request()
  turn = turn % #authorizations + 1
  wrk.headers['Authorization'] = authorizations[turn]
  return wrk.format()
end
"""


class LoadFailed(Exception):
    """A round that does not count: an answer was an error, or a connection broke."""


@dataclass(frozen=True)
class Request:
    """What one connection sends again and again.

    ``refresh_tokens``: each request takes the next one as its ``refresh_token`` and gives back the
    one it was answered with. ``authorizations``: requests take turns with these headers.
    """

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    refresh_tokens: Sequence[str] = ()
    authorizations: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """One round: answers, its length in seconds, latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float


def run(request: Request, *, connections: int, seconds: int) -> Outcome:
    """Send ``request`` for ``seconds`` over ``connections``; raise `LoadFailed` on any error."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(request))
        script.flush()
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, request.url],
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds + 30,
        )
    if done.returncode != 0:
        raise LoadFailed(f"{request.url}: wrk ended with {done.returncode}: {done.stderr.strip()}")
    result = json.loads(done.stdout.rpartition("RESULT ")[2])
    if result["refused"] or result["broken"] or not result["requests"]:
        raise LoadFailed(
            f"{request.method} {request.url}: {result['refused']} of {result['requests']} answers"
            f" were errors, {result['broken']} connections broke or timed out"
        )
    return Outcome(
        result["requests"], result["seconds"], result["p50"] / 1000, result["p99"] / 1000
    )


def version() -> str:
    """``wrk``'s version, as it prints it (with exit status 1)."""
    printed = subprocess.run(["wrk", "-v"], check=False, capture_output=True, text=True, timeout=5)
    return printed.stdout.split(" [")[0].strip()


def _script(request: Request) -> str:
    lines = [f"wrk.method = {_quoted(request.method)}"]
    lines += [f"wrk.headers[{_quoted(k)}] = {_quoted(v)}" for k, v in request.headers.items()]
    if request.body:
        lines.append(f"wrk.body = {_quoted(request.body)}")
    if request.refresh_tokens:
        lines += [f"local tokens = {_table(request.refresh_tokens)}", ROTATE]
    if request.authorizations:
        lines += [f"local authorizations = {_table(request.authorizations)}", TAKE_TURNS]
    return "\n".join([*lines, DONE])


def _table(values: Sequence[str]) -> str:
    return "{" + ", ".join(map(_quoted, values)) + "}"


def _quoted(text: str) -> str:
    # JSON's escapes for the characters that occur in URLs, headers and forms are Lua's too.
    return json.dumps(text)
