"""Acknowledgements between our own two machines, and with a peer that breaks the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import Condition, LocalProtocolError
from gateway.policy.partner import Partner
from gateway.xmpp import acks, wire
from gateway.xmpp.configs import PeerLimits
from gateway.xmpp.events import Acknowledged, Closed, StanzaReceived
from gateway.xmpp.outbound import OutboundStream
from tests.support.link import EAST, WEST, End, Link, converse
from tests.support.streams import (
    DIRECT,
    GOOD,
    HOME,
    PARTNER,
    envelope,
    header,
    inbound,
    message,
    open_inbound,
    outbound,
)

if TYPE_CHECKING:
    from gateway.xmpp.inbound import InboundStream


def linked() -> tuple[End, End]:
    """Give two open ends that have agreed on acknowledgements."""
    west, east = Link(Partner(domain=EAST), Partner(domain=WEST)).run()
    assert isinstance(west.stream, OutboundStream)
    assert west.stream.acknowledging
    return west, east


def opened(features: str = acks.FEATURE) -> OutboundStream:
    """Give an outbound stream that a peer let in by EXTERNAL."""
    stream = outbound(direct_tls=True)
    stream.tls_established(DIRECT)
    stream.peer_proof(GOOD)
    stream.receive_data(header(PARTNER, HOME) + wire.build_features(wire.MECHANISMS))
    stream.receive_data(wire.SUCCESS)
    stream.receive_data(header(PARTNER, HOME) + wire.build_features(features))
    stream.events_received()
    return stream


def acknowledged(end: End) -> int:
    return sum(event.count for event in end.events if isinstance(event, Acknowledged))


def test_every_stanza_that_arrives_is_acknowledged() -> None:
    west, east = linked()
    assert isinstance(west.stream, OutboundStream)
    for number in range(1, 6):
        for _ in range(number):
            west.stream.send_stanza(envelope(from_=f"a@{WEST}", to=f"b@{EAST}"))
        converse(west, east)
    assert acknowledged(west) == 15
    assert sum(isinstance(event, StanzaReceived) for event in east.events) == 15


def test_a_close_acknowledges_what_came_before_it() -> None:
    west, east = linked()
    assert isinstance(west.stream, OutboundStream)
    west.stream.send_stanza(envelope(from_=f"a@{WEST}", to=f"b@{EAST}"))
    west.stream.close()
    converse(west, east)
    assert acknowledged(west) == 1
    assert west.stream.closed
    assert west.stream.peer_ended
    assert east.said.endswith(b"<a xmlns='urn:xmpp:sm:3' h='1'/></stream:stream>")


def test_counting_begins_with_enable_and_is_asked_for_only_where_it_is_offered() -> None:
    assert opened("").data_to_send().endswith(b"version='1.0'>")
    stream = opened()
    assert stream.data_to_send().endswith(acks.ENABLE)
    stream.send_stanza(envelope())
    assert stream.data_to_send() == envelope().raw + acks.REQUEST
    stream.receive_data(acks.ENABLED)
    stream.receive_data(b"<a xmlns='urn:xmpp:sm:3' h='1'/>")
    assert stream.events_received() == [Acknowledged(1)]


def test_a_peer_that_offers_to_count_and_refuses_leaves_nothing_outstanding() -> None:
    stream = opened()
    stream.send_stanza(envelope())
    stream.receive_data(acks.FAILED)
    assert stream.events_received() == [Acknowledged(1)]
    assert not stream.acknowledging
    stream.send_stanza(envelope())
    stream.data_to_send()
    stream.receive_data(b"<a xmlns='urn:xmpp:sm:3' h='1'/>")
    assert stream.events_received() == []
    assert not stream.closed


def test_a_peer_that_acknowledges_too_much_is_told_and_left() -> None:
    stream = opened()
    stream.receive_data(b"<a xmlns='urn:xmpp:sm:3' h='1'/>")
    assert stream.events_received() == [
        Closed(Condition.UNDEFINED_CONDITION, text="1 stanzas were acknowledged and 0 were sent")
    ]


def test_the_peers_limits_are_known() -> None:
    stream = opened(wire.build_limits(10_000, 90))
    assert stream.peer_limits == PeerLimits(10_000, 90)


def receiving() -> InboundStream:
    stream = open_inbound(inbound())
    stream.receive_data(acks.ENABLE)
    assert stream.data_to_send() == acks.ENABLED
    return stream


def test_what_was_taken_over_is_told_when_it_is_asked_for() -> None:
    stream = receiving()
    stream.receive_data(message() + b"<r xmlns='urn:xmpp:sm:3'/>" + message(to="x@unknown.example"))
    assert stream.data_to_send() == b"<a xmlns='urn:xmpp:sm:3' h='1'/>"
    stream.receive_data(b"<r xmlns='urn:xmpp:sm:3'/>")
    assert stream.data_to_send() == b"<a xmlns='urn:xmpp:sm:3' h='2'/>"
    stream.close()
    assert stream.data_to_send() == b"<a xmlns='urn:xmpp:sm:3' h='2'/></stream:stream>"
    stream.receive_data(b"<r xmlns='urn:xmpp:sm:3'/></stream:stream>")
    assert stream.data_to_send() == b""
    assert stream.closed


@pytest.mark.parametrize("sent", [acks.ENABLE, b"<resume xmlns='urn:xmpp:sm:3' h='1' previd='x'/>"])
def test_nobody_enables_twice_or_resumes(sent: bytes) -> None:
    stream = receiving()
    stream.receive_data(sent)
    assert stream.data_to_send() == acks.FAILED
    assert not stream.closed


def test_acknowledgements_before_authentication_are_refused() -> None:
    stream = inbound()
    stream.receive_data(header())
    stream.receive_data(acks.ENABLE)
    event = stream.events_received()[-1]
    assert isinstance(event, Closed)
    assert event.condition is Condition.UNSUPPORTED_STANZA_TYPE


def test_a_probe_asks_for_an_answer_where_the_peer_gives_one() -> None:
    stream = opened()
    stream.data_to_send()
    stream.ping()
    assert stream.data_to_send() == acks.REQUEST
    stream.ping()  # one request is under way, and silence alone closes nothing
    assert stream.data_to_send() == b" "
    plain = opened("")
    plain.data_to_send()
    plain.ping()
    assert plain.data_to_send() == b" "
    plain.close()
    with pytest.raises(LocalProtocolError):
        plain.ping()
