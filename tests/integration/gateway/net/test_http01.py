from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import ControlError
from edgecert.shared.http01 import LONGEST_HEAD
from gateway.net.http01 import LIFETIME, MOST_CONNECTIONS, MOST_TOKENS, Http01Connection, TokenTable
from gateway.net.listener import Listener
from tests.support.clock import FakeClock
from tests.support.net import loopback_net
from tests.support.pki import now
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ASK = b"GET /.well-known/acme-challenge/one HTTP/1.1\r\nHost: contoso.com\r\n\r\n"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(now())


@pytest.fixture
def table(clock: FakeClock) -> TokenTable:
    return TokenTable(clock)


@asynccontextmanager
async def listening(table: TokenTable) -> AsyncIterator[tuple[str, int]]:
    with loopback_net() as net:
        listener = await Listener.open(f"{net}1:8080", "http", lambda: Http01Connection(table))
        try:
            yield f"{net}1", 8080
        finally:
            listener.close()


async def ask(place: tuple[str, int], *pieces: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*place)
    answer = b""
    with suppress(ConnectionResetError):  # who is cut off sees a reset, or an end without an answer
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        answer = await reader.read()
    writer.close()
    return answer


async def test_answers_for_the_tokens_of_the_moment(table: TokenTable) -> None:
    async with listening(table) as place:
        assert b" 404 " in await ask(place, ASK)
        table.add({"one": "one.print"})
        assert (await ask(place, ASK)).endswith(b"\r\n\r\none.print")
        assert (await ask(place, ASK[:20], ASK[20:])).endswith(b"one.print")
        assert table.forget(["one", "two"]) == 1
        assert b" 404 " in await ask(place, ASK)
        assert b" 400 " in await ask(place, b"x" * LONGEST_HEAD)


async def test_the_connections_are_bounded_and_those_who_only_wait_keep_no_ca_out(table: TokenTable) -> None:
    table.add({"one": "one.print"})
    async with listening(table) as place:
        held = [await asyncio.open_connection(*place) for _ in range(MOST_CONNECTIONS)]
        await eventually(lambda: len(table.connections) == MOST_CONNECTIONS)
        assert b" 200 " in await ask(place, ASK)
        with suppress(ConnectionResetError):
            assert await held[0][0].read() == b""  # the oldest had to go
        await eventually(lambda: len(table.connections) == MOST_CONNECTIONS - 1)
        for _, writer in held:
            writer.close()
        await eventually(lambda: not table.connections)


def test_a_token_is_forgotten_after_its_time(table: TokenTable, clock: FakeClock) -> None:
    table.add({"one": "one.print"})
    clock.advance(timedelta(seconds=LIFETIME - 1))
    table.add({"two": "two.print"})
    assert len(table) == 2
    clock.advance(timedelta(seconds=1))
    assert dict(table.answers()) == {"/.well-known/acme-challenge/two": "two.print"}


def test_too_many_tokens_are_refused_whole(table: TokenTable) -> None:
    table.add({f"t{number}": f"t{number}.print" for number in range(MOST_TOKENS)})
    table.add({"t1": "t1.other"})
    with pytest.raises(ControlError) as caught:
        table.add({"t1": "t1.again", "new": "new.print"})
    assert caught.value.code == "http01-full"
    assert table.answers()["/.well-known/acme-challenge/t1"] == "t1.other"


@pytest.mark.parametrize(
    ("token", "value"),
    [("", "."), ("a/b", "a/b.print"), ("one", "two.print"), ("one", "one"), ("one", "one.<html>"), ("a" * 257, "a.b")],
)
def test_what_no_ca_asks_for_is_refused(table: TokenTable, token: str, value: str) -> None:
    with pytest.raises(ControlError) as caught:
        table.add({token: value})
    assert caught.value.code == "bad-call"
    assert len(table) == 0
