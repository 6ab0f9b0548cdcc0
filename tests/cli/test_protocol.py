"""An answer's head and body leave together, and nothing is lost or written too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from scopewright.cli.protocol import JoinedWrites


class Wire(asyncio.Transport):
    """Remembers each write that reaches the network."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def written(does: Callable[[JoinedWrites, Wire], None]) -> list[bytes]:
    """What reached the network, after the turn of the loop in which `does` wrote."""

    async def turn() -> list[bytes]:
        wire = Wire()
        does(JoinedWrites(wire, asyncio.get_running_loop()), wire)
        await asyncio.sleep(0)
        return wire.writes

    return asyncio.run(turn())


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        ([], []),
        ([b"head"], [b"head"]),
        ([b"head", b"body"], [b"headbody"]),
        ([b"head", b"part", b"part"], [b"headpart", b"part"]),
        ([b"one", b"two", b"three", b"four"], [b"onetwo", b"threefour"]),
    ],
)
def test_two_writes_of_one_turn_reach_the_network_as_one(
    given: list[bytes], reached: list[bytes]
) -> None:
    def does(writer: JoinedWrites, _: Wire) -> None:
        for data in given:
            writer.write(data)

    assert written(does) == reached


def test_what_is_held_back_is_written_before_the_connection_closes() -> None:
    def does(writer: JoinedWrites, wire: Wire) -> None:
        writer.write(b"refused")
        writer.close()
        assert wire.closed

    assert written(does) == [b"refused"]


def test_what_is_held_back_is_dropped_when_the_client_has_gone() -> None:
    def does(writer: JoinedWrites, wire: Wire) -> None:
        writer.write(b"head")
        wire.close()

    assert written(does) == []


def test_everything_else_is_asked_of_the_transport_itself() -> None:
    def does(writer: JoinedWrites, wire: Wire) -> None:
        assert cast("asyncio.Transport", writer).get_extra_info("peername", "nobody") == "nobody"
        assert writer.is_closing() is wire.is_closing()

    assert written(does) == []
