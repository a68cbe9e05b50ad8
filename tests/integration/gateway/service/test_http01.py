from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import pytest

from edgecert.shared.errors import ControlError, NetworkError
from gateway.service.http01 import Http01Desk
from tests.support.clock import FakeClock
from tests.support.net import loopback_net
from tests.support.pki import now


async def test_tokens_come_and_go_while_it_listens() -> None:
    with loopback_net() as net:
        desk = Http01Desk(f"{net}1:8080", FakeClock(now()))
        await desk.open()
        assert desk.add({"one": "one.print"}) == {"known": 1}
        reader, writer = await asyncio.open_connection(f"{net}1", 8080)
        writer.write(b"GET /.well-known/acme-challenge/one HTTP/1.1\r\n\r\n")
        assert (await reader.read()).endswith(b"one.print")
        writer.close()
        assert desk.forget(["one"]) == {"known": 0}
        desk.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(f"{net}1", 8080)


async def test_who_is_being_answered_is_cut_off_at_the_end() -> None:
    with loopback_net() as net:
        desk = Http01Desk(f"{net}1:8080", FakeClock(now()))
        await desk.open()
        desk.add({"one": "one.print"})
        reader, writer = await asyncio.open_connection(f"{net}1", 8080)
        writer.write(b"GET /")
        await writer.drain()
        probe = asyncio.open_connection(f"{net}1", 8080)
        (await probe)[1].close()  # accepted after the first one, so that one is there
        desk.close()
        with suppress(ConnectionResetError):  # a reset, or an end without an answer
            assert await reader.read() == b""
        writer.close()


async def test_without_a_listener_it_says_which_key_makes_one() -> None:
    desk = Http01Desk("", FakeClock(now()))
    await desk.open()
    calls = (partial(desk.add, {"one": "one.print"}), partial(desk.forget, ["one"]))
    for call in calls:
        with pytest.raises(ControlError) as caught:
            call()
        assert caught.value.code == "http01-not-listening"
        assert "listen" in caught.value.hint
    desk.close()


async def test_an_address_that_is_taken_is_told() -> None:
    with loopback_net() as net:
        one, other = (Http01Desk(f"{net}1:8080", FakeClock(now())) for _ in range(2))
        await one.open()
        with pytest.raises(NetworkError):
            await other.open()
        one.close()
