"""Acknowledgements between our own two machines, and with a peer that breaks the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import Condition, LocalProtocolError, StanzaCondition
from gateway.policy.partner import Partner
from gateway.xmpp import acks, wire
from gateway.xmpp.configs import OutboundConfig, PeerLimits, PeerProofResult
from gateway.xmpp.dialback import VALID
from gateway.xmpp.events import Acknowledged, Closed, Pinged, StanzaReceived, StanzaRefused
from gateway.xmpp.outbound import OutboundStream
from tests.support.link import EAST, WEST, End, Link, converse
from tests.support.streams import (
    DIRECT,
    GOOD,
    HOME,
    KEYS,
    PARTNER,
    RESULT,
    asked_by,
    envelope,
    header,
    in_tls,
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


# --- both directions


def both_ways(partner: Partner | None = None, *, proof: PeerProofResult = GOOD) -> tuple[OutboundStream, bytes]:
    """Give a stream that may go both ways, and what it said to a peer that offers that."""
    config = OutboundConfig(
        HOME, partner or Partner(domain=PARTNER), PARTNER, direct_tls=True, make_key=KEYS.make_key, bidi=True
    )
    stream = OutboundStream(config)
    stream.tls_established(DIRECT)
    stream.peer_proof(proof)
    stream.data_to_send()
    features = wire.build_features(wire.MECHANISMS, wire.DIALBACK, wire.BIDI_FEATURE)
    stream.receive_data(header(PARTNER, HOME, id_="i") + features)
    return stream, stream.data_to_send()


def let_in(stream: OutboundStream) -> OutboundStream:
    stream.receive_data(wire.SUCCESS)
    stream.receive_data(header(PARTNER, HOME) + wire.build_features(wire.build_limits(9)))
    stream.events_received()
    stream.data_to_send()
    return stream


def test_both_directions_are_asked_for_only_where_a_certificate_proves_the_peer_and_may() -> None:
    assert both_ways()[1] == wire.BIDI + wire.AUTH_EXTERNAL
    bad = PeerProofResult(None, "self-signed")
    for stream, said in (both_ways(proof=bad), both_ways(Partner(domain=PARTNER, sasl="not-supported"))):
        assert wire.BIDI not in said
        assert not stream.bidirectional


def test_over_a_stream_of_ours_the_peer_sends_for_its_pair_alone() -> None:
    stream = let_in(both_ways()[0])
    stream.receive_data(message() + message(to="x@home.example"))
    passed, refused = stream.events_received()
    assert isinstance(passed, StanzaReceived)
    assert isinstance(refused, StanzaRefused)
    assert refused.condition is StanzaCondition.NOT_ALLOWED
    stream.receive_data(message(from_="a@research.fabrikam.example"))
    assert stream.events_received() == [Closed(Condition.INVALID_FROM)]


def test_no_stanza_passes_before_the_pair_is_authorized() -> None:
    stream, _said = both_ways()
    stream.receive_data(message())
    closed = stream.events_received()[-1]
    assert isinstance(closed, Closed)
    assert closed.condition is Condition.NOT_AUTHORIZED


def accepted(*, asks: bool = True, proof: PeerProofResult = GOOD) -> InboundStream:
    """Give a stream that a peer opened, by dialback if its certificate proves nothing."""
    stream = in_tls("ST", proof)
    if asks:
        stream.receive_data(wire.BIDI)
    stream.verified(asked_by(stream, RESULT), VALID)
    stream.events_received()
    stream.data_to_send()
    return stream


def test_over_a_peers_stream_we_send_for_its_proved_pairs_alone() -> None:
    stream = accepted()
    stream.send_stanza(envelope())
    assert stream.data_to_send() == envelope().raw
    for other in (envelope(from_="a@home.example"), envelope(to="a@litware.example")):
        with pytest.raises(LocalProtocolError):
            stream.send_stanza(other)
    for one_way in (accepted(asks=False), in_tls("ST", GOOD)):
        with pytest.raises(LocalProtocolError):
            one_way.send_stanza(envelope())


def test_the_dns_alone_is_no_proof_for_both_directions() -> None:
    stream = in_tls("ST", PeerProofResult(None, "self-signed"))
    assert wire.BIDI_FEATURE.encode() not in stream.data_to_send()
    stream = accepted(proof=PeerProofResult(None, "self-signed"))
    assert not stream.carries(HOME, PARTNER)
    with pytest.raises(LocalProtocolError):
        stream.send_stanza(envelope())


def test_where_both_may_send_a_probe_is_a_ping_and_its_answer_ends_here() -> None:
    stream = let_in(both_ways()[0])
    stream.ping()
    asked = stream.data_to_send().decode()
    assert asked == (
        f"<iq type='get' from='{HOME}' to='{PARTNER}' id='keep-alive-1'><ping xmlns='urn:xmpp:ping'/></iq>"
    )
    stream.receive_data(f"<iq type='result' from='{PARTNER}' to='{HOME}' id='keep-alive-1'/>".encode())
    assert stream.events_received() == [Pinged()]
    stream.receive_data(f"<iq type='result' from='{PARTNER}' to='{HOME}' id='other'/>".encode())
    assert [type(event) for event in stream.events_received()] == [StanzaReceived]


def test_what_comes_behind_our_last_acknowledgement_is_sent_again_and_not_taken_twice() -> None:
    stream = receiving()
    stream.close(Condition.RESET)
    stream.data_to_send()
    stream.receive_data(message() + b"</stream:stream>")
    assert [type(event) for event in stream.events_received()] == [Closed]
    stream = receiving()
    stream.close()  # a peer that answers a close in good order takes what it sent as read
    stream.receive_data(message() + b"</stream:stream>")
    assert [type(event) for event in stream.events_received()] == [StanzaReceived, Closed]
