from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.errors import Condition, LocalProtocolError, StanzaCondition
from gateway.xmpp import wire
from gateway.xmpp.configs import OutboundConfig, PeerProofResult
from gateway.xmpp.dialback import INVALID, VALID, Verdict, VerifyRequest
from gateway.xmpp.events import Closed, Failed, FailureReason, Verified
from gateway.xmpp.verifying import VerifyingStream
from tests.support.streams import HOME, KEYS, KNOBS, PARTNER, TLS, header, message

if TYPE_CHECKING:
    from gateway.policy.partner import Partner

REQUEST = VerifyRequest(PARTNER, HOME, "our-id", "a-key", (PARTNER, HOME))
UNKNOWN_THERE = Verdict(
    "error", StanzaCondition.REMOTE_SERVER_NOT_FOUND, "the authoritative server says item-not-found"
)
ASKED = (
    b"<db:verify xmlns:db='jabber:server:dialback' from='contoso.example' to='fabrikam.example' id='our-id'>a-key"
    b"</db:verify>"
)


def verifying(partner: Partner) -> VerifyingStream:
    return VerifyingStream(OutboundConfig(HOME, partner, PARTNER, make_key=KEYS.make_key), REQUEST)


def asked() -> VerifyingStream:
    stream = verifying(KNOBS["P"])
    stream.receive_data(header(PARTNER, HOME) + wire.build_features(wire.DIALBACK))
    assert stream.data_to_send().endswith(ASKED)
    stream.events_received()
    return stream


def answer(type_: str, *, from_: str = PARTNER, to: str = HOME, id_: str = "our-id", name: str = "verify") -> bytes:
    return (
        f"<db:{name} xmlns:db='jabber:server:dialback' from='{from_}' to='{to}' id='{id_}' type='{type_}'>"
        f"<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:{name}>"
    ).encode()


@pytest.mark.parametrize(
    ("type_", "verdict"),
    [
        ("valid", VALID),
        ("invalid", INVALID),
        ("error", UNKNOWN_THERE),
        ("maybe", replace(UNKNOWN_THERE, text="the authoritative server says nothing that makes sense")),
    ],
)
def test_the_answer_to_the_question_is_taken_and_the_stream_ends(type_: str, verdict: Verdict) -> None:
    stream = asked()
    stream.receive_data(answer(type_) + answer("valid"))
    assert stream.events_received() == [Verified(verdict), Closed()]
    assert stream.data_to_send() == b"</stream:stream>"
    stream.receive_data(answer("valid"))
    assert stream.events_received() == []


@pytest.mark.parametrize(
    "wrong",
    [
        answer("valid", id_="other-id"),
        answer("valid", id_=""),
        answer("valid", from_=HOME, to=PARTNER),
        answer("valid", from_="litware.example"),
        answer("valid", to="home.example"),
        answer("valid", name="result"),
        message(),
    ],
)
def test_an_answer_to_something_else_counts_for_nothing(wrong: bytes) -> None:
    stream = asked()
    stream.receive_data(wrong)
    failed, closed = stream.events_received()
    assert isinstance(failed, Failed)
    assert failed.reason is FailureReason.PEER_PROTOCOL
    assert isinstance(closed, Closed)


def test_an_answer_before_the_question_counts_for_nothing() -> None:
    stream = verifying(KNOBS["P"])
    stream.receive_data(header(PARTNER, HOME) + answer("valid"))
    assert [type(event) for event in stream.events_received()][-2:] == [Failed, Closed]


@pytest.mark.parametrize(("letters", "fails"), [("ST", True), ("T", True), ("STP", False), ("TP", False), ("P", False)])
def test_without_tls_it_is_asked_only_where_the_row_has_dialback_in_the_clear(letters: str, fails: bool) -> None:
    stream = verifying(KNOBS[letters])
    stream.data_to_send()
    stream.receive_data(header(PARTNER, HOME) + wire.build_features(wire.DIALBACK))
    if fails:
        failure = stream.events_received()[-2]
        assert isinstance(failure, Failed)
        assert failure.reason is FailureReason.TLS_NOT_OFFERED
    else:
        assert stream.data_to_send() == ASKED


@pytest.mark.parametrize("letters", ["ST", "T", "STP", "TP"])
def test_any_certificate_will_do(letters: str) -> None:
    stream = verifying(KNOBS[letters])
    stream.receive_data(header(PARTNER, HOME) + wire.build_features(wire.STARTTLS_REQUIRED))
    stream.receive_data(wire.PROCEED)
    stream.tls_established(TLS)
    stream.peer_proof(PeerProofResult(None, "self-signed"))
    stream.data_to_send()
    stream.receive_data(header(PARTNER, HOME) + wire.build_features(wire.MECHANISMS))
    assert stream.data_to_send() == ASKED
    with pytest.raises(LocalProtocolError):
        stream.ping()


def test_a_lost_connection_is_a_failure_until_there_is_an_answer() -> None:
    stream = asked()
    stream.receive_eof()
    failed, _closed = stream.events_received()
    assert isinstance(failed, Failed)
    assert failed.reason is FailureReason.PEER_CLOSED
    stream = asked()
    stream.receive_data(wire.build_stream_error(Condition.HOST_UNKNOWN))
    failed, _closed = stream.events_received()
    assert failed == Failed(FailureReason.PEER_STREAM_ERROR, "host-unknown")
