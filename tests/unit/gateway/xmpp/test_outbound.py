from __future__ import annotations

import pytest

from gateway.errors import Condition, LocalProtocolError
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire
from gateway.xmpp.configs import OutboundConfig, PeerProofResult
from gateway.xmpp.events import Authorized, Closed, Failed, FailureReason, NeedPeerProof, PeerHeader, StartTls
from gateway.xmpp.outbound import OutboundState, OutboundStream
from tests.support.streams import DIRECT, GOOD, HOME, KEYS, KNOBS, PARTNER, TLS, envelope, header, message, outbound

PEER = header(PARTNER, HOME)
DIALBACK = wire.build_features(wire.DIALBACK)
EXTERNAL = wire.build_features(wire.MECHANISMS)
STARTTLS = wire.build_features(wire.STARTTLS_REQUIRED)
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
    stream.receive_data(EXTERNAL)
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
    stream.receive_data(PEER + STARTTLS)
    assert stream.data_to_send() == wire.STARTTLS
    stream.receive_data(PROCEED)
    assert stream.events_received() == [PeerHeader(PARTNER, HOME), StartTls()]
    stream.tls_established(TLS)
    assert stream.events_received() == [NeedPeerProof(PARTNER)]
    assert stream.data_to_send() == b""
    stream.peer_proof(GOOD)
    assert b"<stream:stream" in stream.data_to_send()
    stream.receive_data(PEER + EXTERNAL)
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
        PEER + EXTERNAL,
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
    stream.receive_data(PEER + STARTTLS)
    stream.receive_data(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")
    assert failed(stream).reason is FailureReason.TLS_REFUSED
    stream = secured()
    stream.receive_data(b"<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>")
    assert failed(stream).reason is FailureReason.EXTERNAL_NOT_OFFERED
    stream = secured()
    stream.receive_data(EXTERNAL + wire.build_sasl_failure("not-authorized"))
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
    stream.receive_data(PEER + STARTTLS)
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


# --- dialback


def dialling(letters: str = "P", *, bad: bool = True) -> OutboundStream:
    """Give a stream that has sent its dialback key."""
    stream = outbound(partner=KNOBS[letters])
    if letters == "P":
        stream.receive_data(header(PARTNER, HOME, id_="their-id") + DIALBACK)
    else:
        stream.receive_data(PEER + STARTTLS)
        stream.receive_data(PROCEED)
        stream.tls_established(TLS)
        stream.peer_proof(PeerProofResult(None, "self-signed") if bad else GOOD)
        stream.receive_data(header(PARTNER, HOME, id_="their-id") + DIALBACK)
    stream.events_received()
    key = KEYS.make_key(PARTNER, HOME, "their-id")
    sent = f"<db:result xmlns:db='{ns.DIALBACK}' from='{HOME}' to='{PARTNER}'>{key}</db:result>"
    assert stream.data_to_send().endswith(sent.encode())
    return stream


def answer(type_: str, from_: str = PARTNER, to: str = HOME, inner: str = "") -> bytes:
    return f"<db:result xmlns:db='{ns.DIALBACK}' from='{from_}' to='{to}' type='{type_}'>{inner}</db:result>".encode()


@pytest.mark.parametrize(
    ("letters", "bad", "method", "proof"),
    [
        ("P", True, Method.DIALBACK, Proof.DNS),
        ("T", True, Method.TLS_DIALBACK, Proof.DNS),
        ("ST", True, Method.TLS_DIALBACK, Proof.DNS),
        ("ST", False, Method.TLS_DIALBACK, Proof.PKIX),
    ],
)
def test_a_valid_key_opens_the_stream(letters: str, bad: bool, method: Method, proof: Proof) -> None:
    stream = dialling(letters, bad=bad)
    with pytest.raises(LocalProtocolError):
        stream.send_stanza(envelope())
    stream.receive_data(answer("valid"))
    assert stream.events_received() == [Authorized(PairAuthorization(PARTNER, HOME, method, proof))]
    stream.send_stanza(envelope())
    assert stream.data_to_send() == envelope().raw


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (answer("invalid"), FailureReason.DIALBACK_REFUSED),
        (
            answer(
                "error", inner="<error><remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
            ),
            FailureReason.DIALBACK_FAILED,
        ),
        (answer("perhaps"), FailureReason.DIALBACK_FAILED),
        (b"</stream:stream>", FailureReason.PEER_CLOSED),
        (answer("valid", from_="litware.example"), FailureReason.PEER_PROTOCOL),
        (answer("valid", to="home.example"), FailureReason.PEER_PROTOCOL),
        (answer("valid", from_=HOME, to=PARTNER), FailureReason.PEER_PROTOCOL),
        (answer("valid").replace(b"result", b"verify"), FailureReason.PEER_PROTOCOL),
        (message(), FailureReason.PEER_PROTOCOL),
    ],
)
def test_anything_else_than_a_valid_answer_to_it_opens_nothing(sent: bytes, reason: FailureReason) -> None:
    stream = dialling()
    stream.receive_data(sent)
    assert failed(stream).reason is reason
    assert not stream.pairs


def test_an_answer_that_nobody_asked_for_opens_nothing() -> None:
    stream = outbound(partner=KNOBS["P"])
    stream.receive_data(PEER + answer("valid"))
    assert failed(stream).reason is FailureReason.PEER_PROTOCOL
    stream = dialling()
    stream.receive_data(answer("valid") + answer("valid"))
    assert isinstance(stream.events_received()[-1], Closed)


def test_when_external_is_refused_dialback_follows_on_the_same_stream() -> None:
    stream = outbound(direct_tls=True, partner=KNOBS["ST"])
    stream.tls_established(DIRECT)
    stream.peer_proof(GOOD)
    stream.receive_data(header(PARTNER, HOME, id_="i") + wire.build_features(wire.MECHANISMS, wire.DIALBACK))
    stream.data_to_send()
    stream.receive_data(wire.build_sasl_failure("not-authorized"))
    assert stream.external_refused
    assert stream.data_to_send().startswith(b"<db:result ")
    stream.receive_data(answer("valid"))
    assert stream.pairs == (PairAuthorization(PARTNER, HOME, Method.TLS_DIALBACK, Proof.PKIX),)


def test_a_stream_may_be_made_to_pass_over_external() -> None:
    config = OutboundConfig(HOME, KNOBS["ST"], PARTNER, direct_tls=True, make_key=KEYS.make_key, skip_external=True)
    stream = OutboundStream(config)
    stream.tls_established(DIRECT)
    stream.peer_proof(GOOD)
    stream.receive_data(header(PARTNER, HOME, id_="i") + wire.build_features(wire.MECHANISMS, wire.DIALBACK))
    assert b"<db:result " in stream.data_to_send()


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
