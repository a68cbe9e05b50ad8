from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.model.queued import KEPT_FOR, Backlog, QueuedStanza
from gateway.net import waiting
from gateway.net.waiting import QueueTotals, Tail, WaitingRoom
from tests.support.pairs import chat
from tests.support.streams import HOME, PARTNER

if TYPE_CHECKING:
    import pytest

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def stanza(number: int, *, on_disk: bool = False) -> QueuedStanza:
    return QueuedStanza(chat(number), NOW, NOW + KEPT_FOR, number if on_disk else 0)


def test_memory_and_disk_are_counted_apart_and_in_all() -> None:
    totals = QueueTotals()
    one, other = WaitingRoom(totals), WaitingRoom(totals)
    size = stanza(1).size
    one.put(stanza(1))
    other.put(stanza(2))
    assert (one.in_memory, totals.memory, totals.disk) == (size, 2 * size, 0)
    one.shelved([replace(each, number=7) for each in one.take_fresh(lambda _: True)])
    assert (len(one), one.on_disk, one.in_memory, one.octets) == (1, 1, 0, size)
    assert (totals.memory, totals.disk) == (size, size)
    assert not one.ready
    one.read([stanza(7, on_disk=True)])
    assert one.ready
    assert (totals.memory, totals.disk) == (2 * size, size)
    one.finish(one.pop())
    assert one.ended == [7]
    assert (totals.memory, totals.disk) == (size, 0)


def test_what_was_taken_and_did_not_end_comes_first_again() -> None:
    room = WaitingRoom(QueueTotals())
    for number in (1, 2, 3):
        room.put(stanza(number))
    taken = [room.pop(), room.pop()]
    room.put_back(taken)
    assert [room.pop().envelope.id for _ in range(3)] == ["m1", "m2", "m3"]
    assert room.in_memory == 0


def test_unloading_leaves_out_what_was_sent_and_may_yet_end() -> None:
    room = WaitingRoom(QueueTotals())
    room.opened(Backlog(HOME, PARTNER, 3, 3 * stanza(1).size, NOW, NOW + KEPT_FOR))
    room.read([stanza(number, on_disk=True) for number in (1, 2, 3)])
    sent = room.pop()
    room.unload([sent])
    assert (room.read_up_to, room.unread, room.in_memory) == (0, 2, 0)
    room.read([stanza(1, on_disk=True)])
    assert (room.read_up_to, room.unread, room.ready) == (1, 2, False)
    room.read([stanza(number, on_disk=True) for number in (2, 3)])
    assert (room.read_back, room.unread) == (stanza(2, on_disk=True), 0)
    room.unload()
    assert (room.read_up_to, room.unread) == (0, 3)


def test_a_disk_with_less_than_was_counted_is_believed() -> None:
    room = WaitingRoom(QueueTotals())
    room.opened(Backlog(HOME, PARTNER, 3, 300, NOW, NOW + KEPT_FOR))
    room.read([])
    assert (room.on_disk, room.unread, len(room)) == (0, 0, 0)


def test_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    room = WaitingRoom(QueueTotals())
    size = stanza(1).size
    assert room.has_room(size)
    assert not room.has_room(waiting.MAX_QUEUED_BYTES + 1)
    monkeypatch.setattr(waiting, "MAX_ON_DISK", 0)
    assert not room.disk_has_room
    monkeypatch.setattr(waiting, "MAX_QUEUED", 1)
    room.put(stanza(1))
    assert not room.has_room(size)


def test_what_is_not_acknowledged_is_bounded_in_number_and_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    tail, size = Tail(), stanza(1).size
    monkeypatch.setattr(waiting, "MAX_UNACKNOWLEDGED", 3)
    monkeypatch.setattr(waiting, "MAX_UNACKNOWLEDGED_BYTES", 2 * size)
    tail.append(stanza(1))
    assert tail.has_credit
    tail.append(stanza(2))
    assert not tail.has_credit
    assert tail.popleft().envelope.id == "m1"
    assert tail.has_credit
    monkeypatch.setattr(waiting, "MAX_UNACKNOWLEDGED_BYTES", 9 * size)
    tail.append(stanza(3))
    tail.append(stanza(4))
    assert not tail.has_credit
    assert [each.envelope.id for each in tail] == ["m2", "m3", "m4"]
