from __future__ import annotations

from dataclasses import replace

from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.net.inboundcounts import InboundCounts
from gateway.net.metrics import Metrics
from gateway.policy.partner import Partner


class Stream:
    peer_address = "127.0.0.9"
    generation = ("edge", 7)


def pair(home: str) -> PairAuthorization:
    return PairAuthorization("fabrikam.example", home, Method.EXTERNAL, Proof.PKIX)


def test_a_connection_is_half_open_until_its_first_pair_and_counts_for_each() -> None:
    metrics = Metrics()
    counts, stream, other = InboundCounts(metrics), Stream(), Stream()
    counts.arrived(stream)
    counts.arrived(other)
    assert counts.half_open("127.0.0.9") == 2
    for home in ("a.example", "b.example", "b.example"):
        counts.authorized(stream, pair(home), "fabrikam.example")
    assert counts.half_open("127.0.0.9") == 1
    assert counts.pairs_of("fabrikam.example") == 2
    assert b'streams{direction="inbound",generation="7"} 1.0' in metrics.render()
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
    assert counts.half_open("127.0.0.9") == 0
    assert counts.pairs_of("fabrikam.example") == 0


def test_a_connection_that_goes_takes_its_pairs_with_it() -> None:
    metrics = Metrics()
    counts, stream = InboundCounts(metrics), Stream()
    counts.arrived(stream)
    counts.authorized(stream, pair("a.example"), "fabrikam.example")
    counts.gone(stream)
    assert counts.pairs_of("fabrikam.example") == 0
    assert b'streams{direction="inbound"' not in metrics.render()
