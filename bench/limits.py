"""The limit of the machine: what OpenSSL alone signs and verifies on one core."""

from __future__ import annotations

import subprocess

from bench.figures import Figure


def signatures(seconds: int) -> Figure:
    """ES256 signatures a second."""
    return Figure(_per_second(seconds)[0])


def verifications(seconds: int) -> Figure:
    """ES256 verifications a second."""
    return Figure(_per_second(seconds)[1])


def version() -> str:
    said = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True)
    return " ".join(said.stdout.split()[:2])


def _per_second(seconds: int) -> tuple[float, float]:
    """``openssl speed``'s machine-readable line: ``+F4:number:bits:sign:verify``.

    Seconds an operation or operations a second, by OpenSSL's version; here made the latter.
    """
    said = subprocess.run(
        ["openssl", "speed", "-mr", "-seconds", str(seconds), "ecdsap256"],
        check=True,
        capture_output=True,
        text=True,
        timeout=4 * seconds + 30,
    ).stdout
    line = next(line for line in said.splitlines() if line.startswith("+F4:"))
    sign, verify = (float(field) for field in line.split(":")[-2:])
    return (sign, verify) if sign > 1 else (1 / sign, 1 / verify)
