"""Which hosts are this machine: what is sent there, nobody else reads on its way."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether what is sent to this host stays here."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
