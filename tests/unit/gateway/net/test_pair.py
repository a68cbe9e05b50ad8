from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import StanzaCondition
from gateway.model.queued import KEPT_FOR, Backlog, QueuedStanza
from gateway.net import waiting
from gateway.net.pair import STUCK_AFTER
from gateway.policy.partner import Partner
from tests.support.pairs import FakeStream, PairSetting, be_down, chat, ids, make_pair
from tests.support.streams import HOME, PARTNER, envelope

TIMEOUT = StanzaCondition.REMOTE_SERVER_TIMEOUT


@pytest.fixture
async def setting() -> PairSetting:
    return make_pair()


async def test_what_waits_for_a_domain_that_is_not_there_comes_back_in_order(setting: PairSetting) -> None:
    for number in range(3):
        setting.pair.send(envelope(id_=f"i{number}"))
    assert (setting.pair.state, setting.pair.queued, len(setting.owner.work)) == ("connecting", 3, 1)
    await setting.owner.run()
    not_found = StanzaCondition.REMOTE_SERVER_NOT_FOUND
    assert setting.owner.bounced == [("i0", not_found), ("i1", not_found), ("i2", not_found)]
    assert setting.pair.state == "failed"
    assert setting.pair.failure is not None
    assert setting.pair.failure.code == "dns-not-found"


async def test_whatever_goes_wrong_while_dialling_what_waits_comes_back_and_the_next_attempt_waits(
    setting: PairSetting,
) -> None:
    setting.resolver.fault = IndexError("not thought of")
    setting.pair.send(envelope())
    await setting.owner.run()
    assert setting.owner.bounced == [("i1", TIMEOUT)]
    assert setting.pair.failure is not None
    assert (setting.pair.failure.code, setting.pair.failure.text) == ("internal", "IndexError: not thought of")
    assert setting.pair.back_off.until > setting.clock.monotonic()


async def test_a_dns_that_does_not_answer_is_something_to_wait_for(setting: PairSetting) -> None:
    setting.resolver.works = False
    setting.pair.send(envelope())
    await setting.owner.run()
    assert setting.owner.bounced == [("i1", StanzaCondition.REMOTE_SERVER_TIMEOUT)]


async def test_patience_doubles_with_each_failure_and_ends_when_the_partner_is_heard_of(setting: PairSetting) -> None:
    async def tries_after(seconds: float) -> bool:
        setting.clock.advance(timedelta(seconds=seconds))
        setting.pair.send(envelope())
        tried = bool(setting.owner.work)
        await setting.owner.run()
        return tried

    assert await tries_after(0)
    assert not await tries_after(3.9)
    assert await tries_after(2.2)  # 5 s, a fifth more or less
    assert not await tries_after(7.9)
    assert await tries_after(4.2)  # 10 s
    assert not await tries_after(1)
    setting.pair.clear_back_off()
    assert await tries_after(0)
    for _ in range(10):
        await tries_after(361)
    assert await tries_after(361)  # 300 s at most


async def test_days_of_failures_are_borne(setting: PairSetting) -> None:
    setting.resolver.works = False
    for _ in range(1100):
        setting.clock.advance(timedelta(seconds=400))
        setting.pair.send(envelope())
        await setting.owner.run()
    assert setting.pair.failure is not None
    assert setting.clock.monotonic() < setting.pair.back_off.until <= setting.clock.monotonic() + 360
    assert len(setting.owner.bounced) == 1100


async def test_a_full_queue_bounces_the_next_one_alone(setting: PairSetting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_QUEUED", 2)
    for number in range(3):
        setting.pair.send(envelope(id_=f"i{number}"))
    assert setting.owner.bounced == [("i2", StanzaCondition.RESOURCE_CONSTRAINT)]
    assert setting.pair.queued == 2
    setting.pair.give_up(StanzaCondition.NOT_ALLOWED, "gone")
    assert [identity for identity, _ in setting.owner.bounced] == ["i2", "i0", "i1"]
    await setting.owner.run()


async def test_a_stanza_that_the_partner_says_it_does_not_take_comes_back_alone(setting: PairSetting) -> None:
    small = chat(1)
    stream = setting.open(FakeStream(largest=len(small.raw)))
    for stanza in (small, chat(1000), small):
        setting.pair.send(stanza)
    assert stream.sent == ["m1", "m1"]
    assert setting.owner.bounced == [("m1000", StanzaCondition.POLICY_VIOLATION)]
    setting.verify_sums()


async def test_who_is_no_partner_any_more_is_not_dialled(setting: PairSetting) -> None:
    setting.owner.partner = None
    setting.pair.send(envelope())
    await setting.owner.run()
    assert setting.pair.failure is not None
    assert setting.pair.failure.code == "not-a-partner"


# --- what waits while a partner is down


async def test_a_message_waits_for_a_partner_that_is_down_and_everything_else_comes_back(setting: PairSetting) -> None:
    setting.resolver.works = False
    for stanza in (chat(1), envelope("presence", id_="p1"), envelope("iq", "get", id_="q1"), envelope(id_="no-body")):
        setting.pair.send(stanza)
    await setting.owner.run()
    assert setting.owner.bounced == [("p1", TIMEOUT), ("q1", TIMEOUT), ("no-body", TIMEOUT)]
    setting.pair.send(envelope("iq", "get", id_="q2"))
    setting.pair.send(chat(2))
    assert setting.owner.bounced[3:] == [("q2", TIMEOUT)]
    assert setting.pair.queued == 2
    assert setting.shelf.ids == []  # it may be back in a moment
    setting.verify_sums()


async def test_a_partner_that_keeps_nothing_answers_at_once(setting: PairSetting) -> None:
    setting.owner.partner = Partner(domain=PARTNER, queue_persist=False)
    await be_down(setting)
    assert setting.owner.bounced == [("m1", TIMEOUT)]
    setting.pair.send(chat(2))
    await setting.owner.run()
    assert setting.owner.bounced == [("m1", TIMEOUT), ("m2", TIMEOUT)]
    setting.verify_sums()


async def test_an_error_is_never_answered_and_still_counted(setting: PairSetting) -> None:
    setting.pair.send(envelope(type_="error", id_="e1"))
    await setting.owner.run()
    assert setting.ended == {"discarded": 1}
    setting.verify_sums()


async def test_at_the_end_messages_go_to_disk_and_the_next_run_sends_them(setting: PairSetting) -> None:
    setting.resolver.works = False
    setting.pair.send(chat(1))
    setting.pair.send(envelope("presence", id_="p1"))
    setting.pair.leave()
    await setting.pair.put_away()
    assert setting.owner.bounced == [("p1", TIMEOUT)]
    assert setting.shelf.ids == ids(1)
    setting.verify_sums()
    for work in setting.owner.work:
        work.close()

    later = make_pair()
    later.pair._shelving._shelf = later.shelf = setting.shelf  # noqa: SLF001  # the same disk
    kept = setting.shelf.stanzas[1]
    later.pair.restore(Backlog(HOME, PARTNER, 1, kept.size, kept.accepted_at, kept.expires_at))
    assert later.pair.state == "connecting"
    stream = later.open(FakeStream())
    await later.owner.run()
    assert stream.sent == ids(1)
    later.verify_sums()


# --- acknowledgements


async def test_what_is_not_acknowledged_is_sent_again_unless_it_might_be_done_twice(setting: PairSetting) -> None:
    stream = setting.open(FakeStream(acknowledges=True))
    for stanza in (chat(1), chat(2), envelope("iq", "set", id_="q1"), envelope("presence", id_="p1")):
        setting.pair.send(stanza)
    setting.acknowledge(stream, 1)
    assert setting.pair.unacknowledged == 3
    setting.verify_sums()
    setting.lose(stream)
    assert setting.owner.bounced == [("q1", TIMEOUT)]
    again = setting.open(FakeStream(acknowledges=True))
    assert again.sent == ["m2", "p1"]
    setting.acknowledge(again, 2)
    assert setting.ended == {"acknowledged": 3, "bounced": 1}
    assert setting.pair.unacknowledged == 0
    setting.verify_sums()
    for work in setting.owner.work:
        work.close()


async def test_who_acknowledges_nothing_is_sent_no_more_than_it_may_hold(
    setting: PairSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_UNACKNOWLEDGED_BYTES", 2 * len(chat(1).raw))
    stream = setting.open(FakeStream(acknowledges=True))
    for number in range(5):
        setting.pair.send(chat(number))
    assert stream.sent == ["m0", "m1"]
    assert setting.pair.queued == 3
    setting.acknowledge(stream, 1)
    assert stream.sent == ["m0", "m1", "m2"]
    setting.verify_sums()


async def test_who_says_the_end_of_its_stream_has_read_everything(setting: PairSetting) -> None:
    stream = setting.open(FakeStream(acknowledges=True))
    setting.pair.send(chat(1))
    setting.lose(stream, well=True)
    assert setting.ended == {"sent": 1}
    assert setting.pair.empty


async def test_an_older_stream_that_still_closes_does_not_make_two_of_one(setting: PairSetting) -> None:
    await be_down(setting)
    setting.pair.send(chat(2))
    await setting.owner.run()
    old = setting.open(FakeStream(acknowledges=True))
    await setting.owner.run()
    new = setting.open(FakeStream(acknowledges=True))  # as after a swap of the certificate
    setting.pair.send(chat(3))
    await setting.owner.run()
    assert (old.sent, new.sent) == (ids(1, 2), ids(3))
    setting.lose(old, well=True)
    setting.acknowledge(new, 1)
    setting.pair.keep()
    await setting.owner.run()
    assert (setting.shelf.ids, setting.pair.empty) == ([], True)
    assert setting.ended == {"sent": 2, "acknowledged": 1}


async def test_what_waits_before_and_behind_what_an_older_stream_still_holds_is_read_back(
    setting: PairSetting,
) -> None:
    await be_down(setting)
    for number in (2, 3, 4):
        setting.pair.send(chat(number))
    await setting.owner.run()
    assert setting.shelf.ids == ids(1, 2, 3, 4)
    first = setting.open(FakeStream(acknowledges=True, takes=2))
    await setting.owner.run()
    second = setting.open(FakeStream(acknowledges=True, takes=1))  # the first one closes, and still holds what it took
    await setting.owner.run()
    assert (first.sent, second.sent) == (ids(1, 2), ids(3))
    setting.lose(first)  # gives back 1 and 2, while the second one holds 3
    third = setting.open(FakeStream(acknowledges=True))
    await setting.owner.run()
    setting.lose(second)  # gives back 3
    await setting.owner.run()
    assert sorted(third.sent) == ids(1, 2, 3, 4)
    setting.acknowledge(third, 4)
    setting.pair.keep()
    await setting.owner.run()
    assert (setting.shelf.ids, setting.pair.empty) == ([], True)
    setting.verify_sums()


# --- memory


async def test_a_partner_that_takes_nothing_is_cut_off_after_a_minute(setting: PairSetting) -> None:
    setting.resolver.works = False
    stream = setting.open(FakeStream(takes=1))
    setting.pair.send(chat(1))
    setting.pair.send(chat(2))
    setting.pair.keep()
    setting.clock.advance(timedelta(seconds=STUCK_AFTER - 1))
    setting.pair.keep()
    assert not stream.was_cut
    setting.clock.advance(timedelta(seconds=2))
    setting.pair.keep()
    assert stream.was_cut
    setting.lose(stream)
    assert (setting.pair.state, setting.pair.queued) == ("failed", 1)
    setting.clock.advance(timedelta(seconds=4))
    setting.pair.keep()
    assert not setting.owner.work  # patience, as after every failure
    setting.clock.advance(timedelta(seconds=2))
    setting.pair.keep()
    await setting.owner.run()
    assert setting.shelf.ids == ids(2)
    setting.verify_sums()


async def test_who_waits_behind_a_partner_that_takes_nothing_expires_too(setting: PairSetting) -> None:
    setting.open(FakeStream(takes=1))
    setting.pair.send(chat(1))
    setting.pair.send(chat(2))
    setting.clock.advance(KEPT_FOR)
    setting.pair.keep()
    assert setting.owner.bounced == [("m2", TIMEOUT)]
    assert setting.ended == {"sent": 1, "expired": 1}
    setting.verify_sums()


async def test_all_queues_together_have_a_bound(setting: PairSetting, monkeypatch: pytest.MonkeyPatch) -> None:
    size = QueuedStanza(chat(1), setting.clock.now(), setting.clock.now()).size
    monkeypatch.setattr(waiting, "MAX_IN_MEMORY", size * 2)
    for number in range(1, 4):
        setting.pair.send(chat(number))
    assert setting.owner.bounced == [("m3", StanzaCondition.RESOURCE_CONSTRAINT)]
    setting.pair.give_up(TIMEOUT, "")
    assert setting.pair.room.in_memory == 0
    for work in setting.owner.work:
        work.close()


async def test_what_an_older_stream_gives_back_is_sent_over_the_newer_one_at_once(setting: PairSetting) -> None:
    old = setting.open(FakeStream(acknowledges=True))
    setting.pair.send(chat(1))
    new = setting.open(FakeStream(acknowledges=True))
    setting.lose(old)  # without a word
    setting.pair.send(chat(2))
    assert new.sent == ids(1, 2)
    setting.acknowledge(new, 2)
    assert setting.ended == {"acknowledged": 2}
    setting.verify_sums()


async def test_streams_that_are_lost_one_after_the_other_give_back_in_order(setting: PairSetting) -> None:
    old = setting.open(FakeStream(acknowledges=True))
    setting.pair.send(chat(1))
    new = setting.open(FakeStream(acknowledges=True))
    setting.pair.send(chat(2))
    new.congested = True
    setting.lose(old)
    setting.lose(new)
    last = setting.open(FakeStream())
    setting.pair.send(chat(3))
    assert last.sent == ids(1, 2, 3)
    for work in setting.owner.work:
        work.close()
    setting.verify_sums()
