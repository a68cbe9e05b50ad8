from __future__ import annotations

import tracemalloc
from dataclasses import replace

from gateway.model.jid import Jid
from gateway.policy.memory import ERRORS_AT_ONCE, MAX_PER_DOMAIN, Memory, Recent
from tests.support.streams import envelope

ALICE, BOB = "alice@fabrikam.example/x", "bob@contoso.example/y"


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_one_only_to_what_was_asked_once_and_in_time() -> None:
    time = Time()
    memory = Memory(time)
    ask = envelope("iq", "get", from_=BOB, to=ALICE, id_="q")
    answer = envelope("iq", "result", from_=ALICE, to=BOB, id_="q")
    assert not memory.is_answer(answer)
    memory.note_request(ask)
    assert not memory.is_answer(replace(answer, id="other"))
    assert not memory.is_answer(replace(answer, from_=Jid.parse("eve@fabrikam.example/x")))
    assert not memory.is_answer(replace(answer, from_=answer.from_.bare))
    assert not memory.is_answer(replace(answer, to=answer.to.bare))
    assert memory.is_answer(answer)
    assert not memory.is_answer(answer)
    memory.note_request(ask)
    time.now += 120
    assert not memory.is_answer(answer)


def test_home_answers_only_what_was_let_in() -> None:
    time = Time()
    memory = Memory(time)
    answer = envelope("iq", "result", from_=BOB, to=ALICE, id_="q")
    assert not memory.is_let_in(answer)
    memory.note_let_in(envelope("iq", "set", from_=ALICE, to=BOB, id_="q"))
    assert memory.is_let_in(answer)
    assert not memory.is_let_in(answer)


def test_an_error_comes_back_for_five_minutes_from_any_resource_and_of_the_same_kind() -> None:
    time = Time()
    memory = Memory(time)
    memory.note_sent(envelope("message", "chat", from_=BOB, to="alice@fabrikam.example"))
    error = envelope("message", "error", from_=ALICE, to=BOB)
    assert memory.was_sent(error)
    assert memory.was_sent(error)
    assert not memory.was_sent(envelope("presence", "error", from_=ALICE, to=BOB))
    assert not memory.was_sent(envelope("message", "error", from_="eve@fabrikam.example", to=BOB))
    time.now += 300
    assert not memory.was_sent(error)


def test_errors_to_one_domain_are_few_and_the_right_to_them_comes_back() -> None:
    time = Time()
    memory = Memory(time)
    assert sum(memory.may_refuse("a.example") for _ in range(1000)) == ERRORS_AT_ONCE
    assert memory.may_refuse("b.example")
    time.now += 0.25
    assert sum(memory.may_refuse("a.example") for _ in range(10)) == 2


def test_one_domain_fills_only_its_own_memory() -> None:
    time = Time()
    memory = Memory(time)
    memory.note_let_in(envelope("iq", "get", from_="a@quiet.example", to=BOB, id_="q"))
    for number in range(MAX_PER_DOMAIN + 1):
        memory.note_let_in(replace(envelope("iq", "get", from_=ALICE, to=BOB), id=str(number)))
    assert memory.is_let_in(envelope("iq", "result", from_=BOB, to="a@quiet.example", id_="q"))
    assert not memory.is_let_in(envelope("iq", "result", from_=BOB, to=ALICE, id_="0"))
    assert memory.is_let_in(envelope("iq", "result", from_=BOB, to=ALICE, id_="1"))


def test_what_is_too_old_is_forgotten_whole() -> None:
    time = Time()
    memory = Memory(time)
    memory.note_request(envelope("iq", "get"))
    memory.may_refuse("a.example")
    memory.expire()
    assert len(memory) == 2
    time.now += 1
    memory.expire()
    assert len(memory) == 1
    time.now += 120
    memory.expire()
    assert len(memory) == 0


def test_a_long_id_is_told_from_others_and_costs_no_more_than_a_short_one() -> None:
    memory = Memory(Time())
    size, count = 100_000, 50
    tracemalloc.start()
    try:
        for number in range(count):
            memory.note_let_in(envelope("iq", "get", from_=ALICE, to=BOB, id_=f"{number}" + "x" * size))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < size * count / 10
    answer = envelope("iq", "result", from_=BOB, to=ALICE, id_="7" + "x" * size)
    assert not memory.is_let_in(replace(answer, id="7" + "x" * (size - 1)))
    assert not memory.is_let_in(replace(answer, to=answer.to.bare))
    assert memory.is_let_in(answer)
    assert not memory.is_let_in(answer)


def test_seen_again_is_young_again() -> None:
    recent: Recent[str] = Recent(10, 2)
    recent.add("a", 0)
    recent.add("b", 1)
    recent.add("a", 5)
    recent.add("c", 6)
    assert [recent.has(key, 7) for key in "abc"] == [True, False, True]
    assert recent.expire(15.5) == 1
    assert recent.take("c", 15.9)
    assert not recent.take("c", 15.9)
