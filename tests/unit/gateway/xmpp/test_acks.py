from __future__ import annotations

import pytest

from gateway.errors import Condition, RemoteProtocolError
from gateway.xmpp import acks
from gateway.xmpp.acks import Acks
from gateway.xmpp.xml import ElementReceived


def answer(h: str) -> ElementReceived:
    return ElementReceived(acks.ANSWER_NAME, {"h": h} if h else {}, b"", {}, 0)


def counting(sent: int = 0) -> Acks:
    made = Acks()
    made.begin()
    for _ in range(sent):
        made.note_sent()
    return made


def test_nothing_is_counted_before_it_was_agreed_on() -> None:
    made = Acks()
    made.note_sent()
    made.note_received()
    assert (made.outstanding, made.request(probe=True), made.answer()) == (0, b"", b"")
    made.begin()
    made.note_received()
    assert made.answer() == b"<a xmlns='urn:xmpp:sm:3' h='1'/>"


def test_one_request_is_under_way_at_a_time() -> None:
    made = counting()
    assert made.request() == b""
    made.note_sent()
    assert made.request() == acks.REQUEST
    made.note_sent()
    assert made.request() == b""
    assert made.take_answer(answer("1")) == 1
    assert made.request() == acks.REQUEST
    assert made.take_answer(answer("2")) == 1
    assert made.request() == b""
    assert made.request(probe=True) == acks.REQUEST


@pytest.mark.parametrize("h", ["", "x", "-1", "1.0", "\u0661", "1" * 5000])
def test_an_answer_without_a_number_is_none(h: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        counting(1).take_answer(answer(h))
    assert caught.value.condition is Condition.BAD_FORMAT


@pytest.mark.parametrize("h", ["3", "4294967295"])
def test_more_cannot_be_acknowledged_than_was_sent(h: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        counting(2).take_answer(answer(h))
    assert caught.value.condition is Condition.UNDEFINED_CONDITION


def test_counts_go_round_at_32_bits() -> None:
    made = counting()
    made._sent = made._acknowledged = made._received = 2**32 - 1  # noqa: SLF001  # nobody sends that many in a test
    made.note_sent()
    made.note_received()
    assert made.answer() == b"<a xmlns='urn:xmpp:sm:3' h='0'/>"
    assert made.take_answer(answer("0")) == 1
    assert made.outstanding == 0


def test_who_does_not_count_leaves_nothing_outstanding() -> None:
    made = counting(3)
    assert made.give_up() == 3
    assert (made.outstanding, made.counts_sent) == (0, False)
    made.note_sent()
    assert made.outstanding == 0
