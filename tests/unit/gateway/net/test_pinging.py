from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from gateway.net.pinging import Pings
from tests.support.pairs import FakeStream
from tests.support.streams import HOME, PARTNER, envelope

if TYPE_CHECKING:
    from gateway.net.outbound import OutboundConnection


async def test_only_the_answer_of_who_was_asked_counts() -> None:
    pings, stream = Pings(lambda: "1"), FakeStream()
    assert not pings.takes(envelope("iq", "result", from_=PARTNER, to=HOME, id_="ping-1"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(pings.ping(cast("OutboundConnection", stream), HOME, PARTNER))
        await asyncio.sleep(0)
        assert stream.sent == ["ping-1"]
        assert not pings.takes(envelope("iq", "result", from_="litware.example", to=HOME, id_="ping-1"))
        assert not pings.takes(envelope("iq", "get", from_=PARTNER, to=HOME, id_="ping-1"))
        assert not pings.takes(envelope("iq", "result", from_=PARTNER, to=HOME, id_="ping-2"))
        answer = envelope("iq", "result", from_=PARTNER, to=HOME, id_="ping-1")
        assert pings.takes(answer)
        assert pings.takes(answer)  # twice is no harm
    assert task.result() is answer
    assert not pings.takes(answer)
