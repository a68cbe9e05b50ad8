from __future__ import annotations

import asyncio

import pytest
from typing_extensions import override

from edgecert.shared.errors import EdgecertError
from gateway.net.listener import Listener
from tests.support.net import loopback_net


async def test_shows_the_port_that_was_bound_and_accepts() -> None:
    accepted = asyncio.Event()

    class Greeter(asyncio.Protocol):
        @override
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.set()
            transport.close()

    with loopback_net() as net:
        listener = await Listener.open(f"{net}1:0", "xmpp-s2s", Greeter)
        host, _, port = listener.address.rpartition(":")
        assert host == f"{net}1"
        _, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(60):
            await accepted.wait()
        writer.close()
        listener.close()


async def test_an_address_in_use_is_told_with_a_way_to_find_out_by_whom() -> None:
    with loopback_net() as net:
        first = await Listener.open(f"{net}1:5269", "xmpp-s2s", asyncio.Protocol)
        with pytest.raises(EdgecertError) as caught:
            await Listener.open(f"{net}1:5269", "xmpp-s2s", asyncio.Protocol)
        assert caught.value.code == "address-in-use"
        assert "ss -ltnp" in caught.value.hint
        first.close()


@pytest.mark.parametrize("address", ["192.0.2.1:5269", "127.0.0.1:xmpp"])
async def test_an_address_that_cannot_be_bound_is_told(address: str) -> None:
    with pytest.raises(EdgecertError) as caught:
        await Listener.open(address, "xmpp-s2s", asyncio.Protocol)
    assert caught.value.code == "address-unusable"
