from __future__ import annotations

import pytest

from gateway.errors import Condition, LocalProtocolError
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.partner import Partner
from gateway.xmpp import wire
from gateway.xmpp.configs import PeerProofResult
from gateway.xmpp.events import Authorized, Closed, Failed, FailureReason, NeedPeerProof, PeerHeader, StartTls
from gateway.xmpp.outbound import OutboundState, OutboundStream
from tests.support.streams import DIRECT, GOOD, HOME, PARTNER, TLS, envelope, header, message, outbound

PEER = header(PARTNER, HOME)
SUCCESS = wire.SUCCESS
PROCEED = wire.PROCEED
PAIR = PairAuthorization(PARTNER, HOME, Method.EXTERNAL, Proof.PKIX)


def secured() -> OutboundStream:
    """Give a stream inside TLS whose peer is proved and has said its header."""
    stream = outbound(direct_tls=True)
    stream.tls_established(DIRECT)
    stream.peer_proof(GOOD)
    stream.receive_data(PEER)
    stream.events_received()
    stream.data_to_send()
    return stream


def opened() -> OutboundStream:
    stream = secured()
    stream.receive_data(wire.FEATURES_EXTERNAL)
    stream.receive_data(SUCCESS)
    stream.receive_data(PEER + b"<stream:features/>")
    assert stream.events_received()[-1] == Authorized(PAIR)
    stream.data_to_send()
    return stream


def failed(stream: OutboundStream) -> Failed:
    """Give why the stream failed, having checked that it said so once, just before its end."""
    *_rest, failure, end = stream.events_received()
    assert isinstance(failure, Failed)
    assert isinstance(end, Closed)
    assert stream.closed
    return failure


def test_comes_up_by_starttls_and_external() -> None:
    stream = outbound()
    said = stream.data_to_send()
    assert said.startswith(b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' ")
    assert said.endswith(b" from='contoso.example' to='fabrikam.example' version='1.0'>")
    stream.receive_data(PEER + wire.FEATURES_TLS)
    assert stream.data_to_send() == wire.STARTTLS
    stream.receive_data(PROCEED)
    assert stream.events_received() == [PeerHeader(PARTNER, HOME), StartTls()]
    stream.tls_established(TLS)
    assert stream.events_received() == [NeedPeerProof(PARTNER)]
    assert stream.data_to_send() == b""
    stream.peer_proof(GOOD)
    assert b"<stream:stream" in stream.data_to_send()
    stream.receive_data(PEER + wire.FEATURES_EXTERNAL)
    assert stream.data_to_send() == b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>"
    stream.receive_data(SUCCESS)
    assert b"<stream:stream" in stream.data_to_send()
    stream.receive_data(PEER)
    assert not stream.pairs
    stream.receive_data(b"<stream:features/>")
    assert stream.events_received()[-1] == Authorized(PAIR)
    assert stream.pairs == (PAIR,)
    assert stream.tls == TLS


def test_carries_stanzas_of_its_pair_only() -> None:
    stream = opened()
    stream.send_stanza(envelope())
    stream.ping()
    assert stream.data_to_send() == envelope().raw + b" "
    for other in (envelope(to="a@litware.example"), envelope(from_="a@home.example")):
        with pytest.raises(LocalProtocolError):
            stream.send_stanza(other)
    assert stream.data_to_send() == b""


def test_says_nothing_inside_tls_to_a_peer_without_proof() -> None:
    stream = outbound(direct_tls=True)
    stream.tls_established(DIRECT)
    stream.peer_proof(PeerProofResult(None, "the certificate names other.example"))
    assert stream.data_to_send() == b""
    failure = failed(stream)
    assert failure == Failed(FailureReason.PEER_CERTIFICATE, "the certificate names other.example")


@pytest.mark.parametrize(
    "sent",
    [
        PEER + b"<stream:features/>",
        PEER + b"<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>",
        PEER + wire.FEATURES_EXTERNAL,
        header(PARTNER, HOME, version=""),
    ],
)
def test_never_goes_on_without_tls(sent: bytes) -> None:
    stream = outbound()
    stream.data_to_send()
    stream.receive_data(sent)
    assert stream.data_to_send() == b"</stream:stream>"
    assert failed(stream).reason is FailureReason.TLS_NOT_OFFERED


def test_tells_why_tls_or_external_failed() -> None:
    stream = outbound()
    stream.receive_data(PEER + wire.FEATURES_TLS)
    stream.receive_data(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")
    assert failed(stream).reason is FailureReason.TLS_REFUSED
    stream = secured()
    stream.receive_data(b"<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>")
    assert failed(stream).reason is FailureReason.EXTERNAL_NOT_OFFERED
    stream = secured()
    stream.receive_data(wire.FEATURES_EXTERNAL + wire.build_sasl_failure("not-authorized"))
    assert failed(stream) == Failed(FailureReason.EXTERNAL_REFUSED, "not-authorized")


def test_tells_the_peers_stream_error() -> None:
    stream = secured()
    stream.receive_data(wire.build_stream_error(Condition.NOT_AUTHORIZED, "your certificate expired"))
    events = stream.events_received()
    assert events == [
        Failed(FailureReason.PEER_STREAM_ERROR, "not-authorized: your certificate expired"),
        Closed(Condition.NOT_AUTHORIZED, by_peer=True, text="your certificate expired"),
    ]


@pytest.mark.parametrize("behind", [b"<features/>", b" ", b"\x16\x03\x01"])
def test_clear_bytes_behind_proceed_end_the_stream(behind: bytes) -> None:
    stream = outbound()
    stream.receive_data(PEER + wire.FEATURES_TLS)
    stream.receive_data(PROCEED + behind)
    assert failed(stream).reason is FailureReason.PEER_PROTOCOL


@pytest.mark.parametrize(
    "sent",
    [
        header("litware.example", HOME),
        header("not a domain", HOME),
        header(PARTNER, HOME, content="jabber:client"),
        PEER + PROCEED,
        PEER + SUCCESS,
        PEER + message(),
        b"HTTP/1.1 400 Bad Request",
    ],
)
def test_a_peer_that_breaks_the_protocol_is_told_and_left(sent: bytes) -> None:
    stream = outbound()
    stream.data_to_send()
    stream.receive_data(sent)
    assert b"<stream:error>" in stream.data_to_send()
    assert failed(stream).reason is FailureReason.PEER_PROTOCOL


def test_a_connection_lost_before_the_stream_is_up_is_a_failure_and_later_is_none() -> None:
    stream = outbound()
    stream.receive_eof()
    assert failed(stream).reason is FailureReason.PEER_CLOSED
    stream = opened()
    stream.receive_eof()
    assert [type(event) for event in stream.events_received()] == [Closed]


def test_a_partner_without_certificate_proof_is_not_dialled() -> None:
    stream = outbound(partner=Partner(domain=PARTNER, sasl="not-supported"))
    assert stream.data_to_send() == b""
    assert failed(stream).reason is FailureReason.METHOD_NOT_AVAILABLE


def test_closes_in_good_order() -> None:
    stream = opened()
    stream.close()
    assert stream.data_to_send() == b"</stream:stream>"
    assert stream.state is OutboundState.CLOSING
    stream.receive_data(b"</stream:stream>")
    assert stream.events_received() == [Closed()]


def test_a_stanza_the_wrong_way_ends_the_stream() -> None:
    stream = opened()
    stream.receive_data(message())
    assert stream.events_received() == [
        Closed(Condition.NOT_AUTHORIZED, text="this stream carries stanzas the other way only")
    ]


def test_illegal_calls_raise_and_change_nothing() -> None:
    stream = outbound()
    with pytest.raises(LocalProtocolError):
        stream.send_stanza(envelope())
    with pytest.raises(LocalProtocolError):
        stream.ping()
    with pytest.raises(LocalProtocolError):
        stream.peer_proof(GOOD)
    with pytest.raises(LocalProtocolError):
        stream.tls_established(DIRECT)
    with pytest.raises(LocalProtocolError):
        stream.tls_established(TLS)
    assert stream.state is OutboundState.CLEAR_HEADER
