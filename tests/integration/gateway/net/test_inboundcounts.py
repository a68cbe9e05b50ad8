from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.net.inboundcounts import InboundCounts, network_of
from gateway.net.metrics import Metrics
from gateway.policy.partner import Partner


class Stream:
    generation = ("edge", 7)

    def __init__(self, peer: str = "192.0.2.9") -> None:
        self.peer_address, self.local_address, self.cut = peer, "198.51.100.1", False

    def abort(self) -> None:
        self.cut = True


def pair(home: str) -> PairAuthorization:
    return PairAuthorization("fabrikam.example", home, Method.EXTERNAL, Proof.PKIX)


def test_a_connection_is_half_open_until_its_first_pair_and_counts_for_each() -> None:
    metrics = Metrics()
    counts, stream, other = InboundCounts(metrics), Stream(), Stream()
    counts.arrived(stream)
    counts.arrived(other)
    assert counts.half_open("192.0.2.9") == 2
    for home in ("a.example", "b.example", "b.example"):
        counts.authorized(stream, pair(home), "fabrikam.example")
    assert counts.half_open("192.0.2.9") == 1
    assert counts.pairs_of("fabrikam.example") == 2
    assert b'streams{direction="inbound",generation="7",name="edge"} 1.0' in metrics.render()
    partner = Partner(domain="fabrikam.example")
    assert not counts.may_add(partner, 2)
    assert counts.may_add(partner, 3)
    assert counts.may_add(replace(partner, connection_limit=3), 2)
    assert not counts.may_add(None, 9)
    counts.dropped(stream, [pair("a.example"), pair("unknown.example")])
    assert counts.pairs_of("fabrikam.example") == 1
    counts.dropped(stream, [pair("b.example")])
    assert b'streams{direction="inbound"' not in metrics.render()
    counts.gone(stream)
    counts.gone(other)
    assert counts.half_open("192.0.2.9") == 0
    assert counts.pairs_of("fabrikam.example") == 0


def test_a_connection_that_goes_takes_its_pairs_with_it() -> None:
    metrics = Metrics()
    counts, stream = InboundCounts(metrics), Stream()
    counts.arrived(stream)
    counts.authorized(stream, pair("a.example"), "fabrikam.example")
    counts.gone(stream)
    assert counts.pairs_of("fabrikam.example") == 0
    assert b'streams{direction="inbound"' not in metrics.render()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("", "", True),
    ],
)
def test_a_stranger_is_a_network(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


def test_a_network_is_crowded_however_many_addresses_it_has() -> None:
    counts = InboundCounts(Metrics())
    for number in range(3):
        counts.arrived(Stream(f"2001:db8::{number}"))
    assert counts.is_crowded(Stream("2001:db8::77"), 3)
    assert not counts.is_crowded(Stream("2001:db8::77"), 4)
    assert not counts.is_crowded(Stream("2001:db8:1::77"), 3)


def test_this_very_host_is_never_crowded_and_still_makes_room() -> None:
    counts = InboundCounts(Metrics())
    for peer in ("127.0.0.9", "198.51.100.1"):
        counts.arrived(Stream(peer))
        assert not counts.is_crowded(Stream(peer), 1)
    assert counts.make_room() is not None


def test_room_is_made_by_the_oldest_of_those_who_hold_most_and_never_by_who_is_authenticated() -> None:
    counts = InboundCounts(Metrics())
    lone, first, second, partner = Stream("192.0.2.1"), Stream("192.0.2.2"), Stream("192.0.2.2"), Stream("192.0.2.2")
    for stream in (partner, lone, first, second):
        counts.arrived(stream)
    counts.authorized(partner, pair("a.example"), "fabrikam.example")
    assert counts.make_room() is first
    assert (first.cut, second.cut, lone.cut, partner.cut) == (True, False, False, False)
    assert {counts.make_room(), counts.make_room()} == {lone, second}
    assert counts.make_room() is None
    assert not partner.cut
