from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.xmpp import wire
from gateway.xmpp.configs import PeerProofResult
from gateway.xmpp.events import Failed, FailureReason, StartTls
from gateway.xmpp.initiating import NEXT, OutboundState
from gateway.xmpp.stream import Step
from tests.support.streams import GOOD, HOME, KNOBS, PARTNER, TLS, header, outbound

if TYPE_CHECKING:
    from gateway.xmpp.outbound import OutboundStream

TLS_ONLY = wire.build_features(wire.STARTTLS_REQUIRED)
DIALBACK = wire.build_features(wire.DIALBACK)
EXTERNAL = wire.build_features(wire.MECHANISMS)
OPTIONAL_TLS = wire.build_features(wire.STARTTLS_OPTIONAL, wire.DIALBACK)
NO_TLS = "fails tls-not-offered"
KEY = "dials back"


def what_follows(stream: OutboundStream) -> str:
    """Give in words what the stream does next."""
    for event in stream.events_received():
        if isinstance(event, Failed):
            assert stream.closed
            return f"fails {event.reason.value}"
    said = stream.data_to_send()
    if said == wire.STARTTLS:
        return "takes TLS"
    if said == wire.AUTH_EXTERNAL:
        return "external"
    return KEY if said.startswith(b"<db:result ") else said.decode()


@pytest.mark.parametrize(
    ("letters", "nothing", "optional", "required"),
    [
        ("S", NO_TLS, "takes TLS", "takes TLS"),
        ("ST", NO_TLS, "takes TLS", "takes TLS"),
        ("STP", KEY, "takes TLS", "takes TLS"),
        ("T", NO_TLS, "takes TLS", "takes TLS"),
        ("TP", KEY, "takes TLS", "takes TLS"),
        ("P", KEY, KEY, "fails peer-requires-tls"),
    ],
)
def test_each_row_does_in_the_clear_what_it_says(letters: str, nothing: str, optional: str, required: str) -> None:
    for features, follows in ((DIALBACK, nothing), (OPTIONAL_TLS, optional), (TLS_ONLY, required)):
        stream = outbound(partner=KNOBS[letters])
        stream.data_to_send()
        stream.receive_data(header(PARTNER, HOME, id_="i") + features)
        assert what_follows(stream) == follows


@pytest.mark.parametrize(
    ("letters", "good", "good_without", "bad"),
    [
        ("S", "external", "fails external-not-offered", "fails peer-certificate"),
        ("ST", "external", KEY, KEY),
        ("STP", "external", KEY, KEY),
        ("T", KEY, KEY, KEY),
        ("TP", KEY, KEY, KEY),
    ],
)
def test_each_row_does_inside_tls_what_it_says(letters: str, good: str, good_without: str, bad: str) -> None:
    both = wire.build_features(wire.MECHANISMS, wire.DIALBACK)
    bad_proof = PeerProofResult(None, "self-signed")
    for proof, features, follows in ((GOOD, both, good), (GOOD, DIALBACK, good_without), (bad_proof, both, bad)):
        stream = outbound(partner=KNOBS[letters])
        stream.receive_data(header(PARTNER, HOME, id_="i") + TLS_ONLY)
        stream.receive_data(wire.PROCEED)
        assert StartTls() in stream.events_received()
        stream.tls_established(TLS)
        stream.data_to_send()
        stream.peer_proof(proof)
        if not stream.closed:
            assert stream.data_to_send().startswith(b"<?xml")
            stream.receive_data(header(PARTNER, HOME, id_="j") + features)
        assert what_follows(stream) == follows


@pytest.mark.parametrize("letters", ["S", "ST", "STP", "T", "TP"])
@pytest.mark.parametrize("answer", [b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", b"</stream:stream>"])
def test_once_tls_was_begun_nothing_falls_back_to_the_clear(letters: str, answer: bytes) -> None:
    stream = outbound(partner=KNOBS[letters])
    stream.receive_data(header(PARTNER, HOME, id_="i") + OPTIONAL_TLS)
    stream.data_to_send()
    stream.receive_data(answer)
    assert stream.data_to_send() == b"</stream:stream>"
    assert what_follows(stream) in {"fails tls-refused", "fails peer-closed"}
    clear = {OutboundState.CLEAR_HEADER, OutboundState.CLEAR_FEATURES}
    assert not [state for (state, _step), to in NEXT.items() if to in clear and state not in clear]
    assert (OutboundState.PROCEEDING, Step.RESULT) not in NEXT


@pytest.mark.parametrize(("letters", "follows"), [("ST", NO_TLS), ("STP", KEY), ("P", KEY)])
def test_a_peer_before_xmpp_1_0_gets_a_key_where_the_row_allows_it(letters: str, follows: str) -> None:
    stream = outbound(partner=KNOBS[letters])
    assert (b"xmlns:db='jabber:server:dialback'" in stream.data_to_send()) is True
    old = header(PARTNER, HOME, version="", id_="i").replace(
        b" xmlns:stream", b" xmlns:db='jabber:server:dialback' xmlns:stream"
    )
    stream.receive_data(old)
    assert what_follows(stream) == follows


def test_who_says_nothing_of_dialback_gets_no_key() -> None:
    stream = outbound(partner=KNOBS["P"])
    stream.receive_data(header(PARTNER, HOME, id_="i") + wire.build_features())
    assert what_follows(stream) == f"fails {FailureReason.DIALBACK_NOT_OFFERED.value}"
    stream = outbound(partner=KNOBS["P"])
    stream.receive_data(header(PARTNER, HOME) + DIALBACK)
    assert what_follows(stream) == f"fails {FailureReason.PEER_PROTOCOL.value}"  # no stream id


def test_a_partner_proved_by_certificate_alone_hears_nothing_of_dialback() -> None:
    assert b"jabber:server:dialback" not in outbound(partner=KNOBS["S"]).data_to_send()
