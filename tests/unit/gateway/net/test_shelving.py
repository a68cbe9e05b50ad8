from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.errors import StanzaCondition
from gateway.model.queued import KEPT_FOR, Backlog, QueuedStanza
from gateway.net.shelving import UNHEARD_FOR
from tests.support.pairs import FakeStream, PairSetting, be_down, chat, ids, make_pair
from tests.support.streams import HOME, PARTNER, envelope

if TYPE_CHECKING:
    from collections.abc import Coroutine

TIMEOUT = StanzaCondition.REMOTE_SERVER_TIMEOUT


@pytest.fixture
async def setting() -> PairSetting:
    return make_pair()


async def test_after_a_moment_messages_go_to_disk_and_hold_no_memory(setting: PairSetting) -> None:
    await be_down(setting)
    setting.pair.keep()
    setting.pair.send(chat(2))
    await setting.owner.run()
    assert setting.shelf.ids == ids(1, 2)
    assert (setting.pair.queued, setting.pair.room.in_memory) == (2, 0)
    setting.verify_sums()


async def test_what_lies_on_disk_is_sent_first_and_then_what_came_later(
    setting: PairSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await be_down(setting)
    for number in range(2, 6):
        setting.pair.send(chat(number))
    setting.pair.keep()
    await setting.owner.run()
    assert setting.shelf.ids == ids(1, 2, 3, 4, 5)
    monkeypatch.setattr("gateway.net.shelving.READ_AT_ONCE", 2)
    stream = setting.open(FakeStream())
    setting.pair.send(chat(6))
    assert stream.sent == []
    await setting.owner.run()
    assert stream.sent == ids(1, 2, 3, 4, 5, 6)
    assert setting.shelf.ids == []
    assert setting.ended == {"sent": 6}
    setting.verify_sums()


async def test_what_a_lost_stream_had_read_back_is_read_again(
    setting: PairSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await be_down(setting)
    for number in range(2, 6):
        setting.pair.send(chat(number))
    await setting.owner.run()
    monkeypatch.setattr("gateway.net.shelving.READ_AT_ONCE", 3)
    first = setting.open(FakeStream(takes=2))
    await setting.owner.run()
    assert first.sent == ids(1, 2)
    setting.lose(first)
    assert setting.pair.room.in_memory == 0
    second = setting.open(FakeStream())
    await setting.owner.run()
    assert second.sent == ids(3, 4, 5)
    assert setting.shelf.ids == []
    setting.verify_sums()


async def test_who_waits_in_vain_is_told_after_ten_minutes(setting: PairSetting) -> None:
    await be_down(setting)
    setting.pair.keep()
    await setting.owner.run()
    setting.clock.advance(timedelta(seconds=300))
    setting.pair.send(chat(2))
    await setting.owner.run()
    setting.clock.advance(KEPT_FOR - timedelta(seconds=300))
    setting.owner.home_connected = False
    setting.pair.keep()
    await setting.owner.run()
    assert setting.ended == {}  # nobody would hear it
    setting.owner.home_connected = True
    setting.pair.keep()
    await setting.owner.run()
    assert setting.owner.bounced == [("m1", TIMEOUT)]
    assert setting.shelf.ids == ids(2)
    assert setting.ended == {"expired": 1}
    setting.verify_sums()


async def test_a_home_system_that_stays_away_is_not_waited_for(setting: PairSetting) -> None:
    await be_down(setting)
    setting.pair.keep()
    await setting.owner.run()
    setting.owner.home_connected = False
    setting.clock.advance(KEPT_FOR + UNHEARD_FOR - timedelta(seconds=10))
    setting.pair.keep()
    await setting.owner.run()
    assert setting.ended == {}
    setting.clock.advance(timedelta(seconds=10))
    setting.pair.keep()
    await setting.owner.run()
    assert setting.ended == {"expired": 1}
    assert setting.shelf.ids == []
    setting.verify_sums()


async def test_what_an_earlier_run_left_for_who_is_no_partner_any_more_is_answered_and_not_sent(
    setting: PairSetting,
) -> None:
    kept = await setting.shelf.add([QueuedStanza(chat(1), setting.clock.now(), setting.clock.now() + KEPT_FOR)])
    backlog = Backlog(HOME, PARTNER, 1, kept[0].size, kept[0].accepted_at, kept[0].expires_at)
    setting.owner.home_connected = False
    setting.pair.restore(backlog, is_wanted=False)
    setting.pair.keep()
    assert not setting.owner.work
    setting.owner.home_connected = True
    setting.pair.keep()
    await setting.owner.run()
    assert setting.owner.bounced == [("m1", StanzaCondition.NOT_ALLOWED)]
    assert (setting.shelf.ids, setting.pair.empty) == ([], True)
    setting.verify_sums()


async def test_a_removed_partner_leaves_nothing_on_disk(setting: PairSetting) -> None:
    await be_down(setting)
    setting.pair.keep()
    await setting.owner.run()
    setting.pair.give_up(StanzaCondition.NOT_ALLOWED, "gone")
    await setting.owner.run()
    assert setting.owner.bounced == [("m1", StanzaCondition.NOT_ALLOWED)]
    assert (setting.shelf.ids, setting.pair.empty) == ([], True)
    setting.verify_sums()


async def test_a_disk_that_does_not_work_costs_nothing_but_memory(setting: PairSetting) -> None:
    await be_down(setting)
    setting.shelf.broken = True
    setting.pair.keep()
    await setting.owner.run()
    assert (setting.pair.queued, setting.pair.room.only_in_memory) == (1, 1)
    setting.shelf.broken = False
    setting.pair.keep()
    await setting.owner.run()
    assert setting.shelf.ids == ids(1)
    setting.verify_sums()


async def test_what_was_read_from_disk_stays_there_until_it_is_acknowledged(setting: PairSetting) -> None:
    await be_down(setting)
    setting.pair.send(chat(2))
    await setting.owner.run()
    stream = setting.open(FakeStream(acknowledges=True))
    await setting.owner.run()
    assert (stream.sent, setting.shelf.ids) == (ids(1, 2), ids(1, 2))
    setting.acknowledge(stream, 1)
    setting.pair.keep()
    await setting.owner.run()
    assert setting.shelf.ids == ids(2)
    setting.lose(stream)
    again = setting.open(FakeStream(acknowledges=True))
    await setting.owner.run()
    assert again.sent == ids(2)
    setting.acknowledge(again, 1)
    setting.pair.keep()
    await setting.owner.run()
    assert (setting.shelf.ids, setting.pair.empty) == ([], True)
    setting.verify_sums()


# --- order


async def being_written(setting: PairSetting) -> asyncio.Task[None]:
    """Let the disk be busy with ``m1``."""
    setting.shelf.gate.clear()
    await be_down(setting)
    setting.pair.keep()
    *others, work = setting.owner.work
    setting.owner.work.clear()
    for other in others:  # an attempt to reach the partner, which goes on
        other.close()
    task = asyncio.get_running_loop().create_task(_run(work))
    await setting.shelf.asked.wait()
    return task


async def _run(work: Coroutine[object, object, None]) -> None:
    await work


async def test_nothing_overtakes_what_is_being_written(setting: PairSetting) -> None:
    task = await being_written(setting)
    assert setting.pair.queued == 1
    stream = setting.open(FakeStream())
    setting.pair.send(chat(2))
    assert stream.sent == []
    setting.shelf.gate.set()
    await task
    await setting.owner.run()
    assert stream.sent == ids(1, 2)
    assert (setting.shelf.ids, setting.pair.empty) == ([], True)
    setting.verify_sums()


async def test_nothing_overtakes_what_could_not_be_written(setting: PairSetting) -> None:
    task = await being_written(setting)
    stream = setting.open(FakeStream())
    setting.pair.send(chat(2))
    setting.shelf.broken = True
    setting.shelf.gate.set()
    await task
    await setting.owner.run()
    assert stream.sent == ids(1, 2)
    setting.verify_sums()


async def test_what_is_being_written_is_answered_when_all_is(setting: PairSetting) -> None:
    task = await being_written(setting)
    setting.pair.give_up(StanzaCondition.NOT_ALLOWED, "gone")
    setting.shelf.gate.set()
    await task
    await setting.owner.run()
    assert setting.owner.bounced == [("m1", StanzaCondition.NOT_ALLOWED)]
    assert (setting.shelf.ids, setting.pair.empty) == ([], True)
    setting.verify_sums()


async def test_a_message_does_not_overtake_presence_by_going_to_disk(setting: PairSetting) -> None:
    for stanza in (chat(1), envelope("presence", id_="p1"), chat(2)):
        setting.pair.send(stanza)
    (dialling,) = setting.owner.work
    setting.owner.work.clear()
    dialling.close()  # it goes on for longer than a moment
    setting.clock.advance(timedelta(seconds=6))
    setting.pair.keep()
    await setting.owner.run()
    assert setting.shelf.ids == ids(1)
    stream = setting.open(FakeStream())
    await setting.owner.run()
    assert stream.sent == ["m1", "p1", "m2"]
    setting.verify_sums()


async def test_what_an_old_stream_gives_back_goes_before_what_came_later(setting: PairSetting) -> None:
    old = setting.open(FakeStream(acknowledges=True))
    setting.pair.send(chat(1))
    setting.pair.close()  # in good order, which the partner may never answer
    setting.resolver.works = False
    setting.pair.send(chat(2))
    await setting.owner.run()
    setting.clock.advance(timedelta(seconds=6))
    setting.pair.keep()
    await setting.owner.run()
    setting.lose(old)
    setting.pair.keep()
    await setting.owner.run()
    assert setting.shelf.ids == ids(1, 2)
    stream = setting.open(FakeStream())
    await setting.owner.run()
    assert stream.sent == ids(1, 2)
    setting.verify_sums()
