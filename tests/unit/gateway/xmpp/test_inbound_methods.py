"""What an inbound stream offers and takes by the partner's method set."""

from __future__ import annotations

import re

import pytest

from gateway.errors import Condition
from gateway.xmpp.configs import PeerProofResult
from gateway.xmpp.events import (
    NeedVerification,
)
from gateway.xmpp.inbound import MAX_SASL_FAILURES
from gateway.xmpp.inboundstates import InboundState
from tests.support.streams import (
    AUTH,
    GOOD,
    KNOBS,
    RESULT,
    STARTTLS,
    closed_by,
    header,
    in_tls,
    inbound,
    said_by,
)

TLS_ONLY, BOTH, DIALBACK_ONLY = "<starttls .*<required/>", "<starttls .*/><dialback .*<errors/>", "<dialback "
EXTERNAL, EXTERNAL_BOTH = "<mechanism>EXTERNAL", "<mechanism>EXTERNAL.*<dialback "
POLICY, REFUSED, ASKED = "<stream:error><policy-violation", "<db:result .*type='error'.*<policy-violation", ""


@pytest.mark.parametrize(
    ("letters", "features", "result", "starttls"),
    [
        ("S", TLS_ONLY, POLICY, "<proceed"),
        ("ST", TLS_ONLY, POLICY, "<proceed"),
        ("STP", BOTH, ASKED, "<proceed"),
        ("T", TLS_ONLY, POLICY, "<proceed"),
        ("TP", BOTH, ASKED, "<proceed"),
        ("P", DIALBACK_ONLY, ASKED, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"),
    ],
)
def test_in_the_clear_each_row_offers_and_takes_what_it_says(
    letters: str, features: str, result: str, starttls: str
) -> None:
    stream = inbound([KNOBS[letters]])
    stream.receive_data(header())
    offered = re.search("<stream:features>(.*)</stream:features>", stream.data_to_send().decode())
    assert offered is not None
    assert re.match(features, offered[1])
    assert ("dialback" in offered[1]) is ("P" in letters)
    assert ("starttls" in offered[1]) is (letters != "P")
    answer = said_by(stream, RESULT)
    assert re.search(result, answer)
    asked = [event for event in stream.events_received() if isinstance(event, NeedVerification)]
    assert bool(asked) is (result is ASKED) is (not answer)
    other = inbound([KNOBS[letters]])
    other.receive_data(header())
    assert starttls in said_by(other, STARTTLS)


@pytest.mark.parametrize(
    ("letters", "good", "bad", "result"),
    [
        ("S", EXTERNAL, "<not-authorized.*expired", REFUSED),
        ("ST", EXTERNAL_BOTH, DIALBACK_ONLY, ASKED),
        ("STP", EXTERNAL_BOTH, DIALBACK_ONLY, ASKED),
        ("T", DIALBACK_ONLY, DIALBACK_ONLY, ASKED),
        ("TP", DIALBACK_ONLY, DIALBACK_ONLY, ASKED),
    ],
)
def test_inside_tls_each_row_offers_and_takes_what_it_says(letters: str, good: str, bad: str, result: str) -> None:
    for proof, features in ((GOOD, good), (PeerProofResult(None, "expired"), bad)):
        stream = in_tls(letters, proof)
        said = stream.data_to_send().decode()
        assert re.search(features, said)
        if stream.closed:
            assert closed_by(stream).condition is Condition.NOT_AUTHORIZED
            continue
        assert ("EXTERNAL" in said) is ("EXTERNAL" in features)
        assert ("<dialback " in said) is ("<dialback " in features)
        stream.events_received()
        answer = said_by(stream, RESULT)
        assert re.search(result, answer)
        assert not stream.closed
        asked = [event for event in stream.events_received() if isinstance(event, NeedVerification)]
        assert bool(asked) is (result is ASKED) is (not answer)


@pytest.mark.parametrize("letters", ["T", "TP", "P"])
def test_auth_is_no_mechanism_where_the_row_has_no_certificate_proof(letters: str) -> None:
    stream = inbound([KNOBS[letters]])
    stream.receive_data(header())
    assert "<invalid-mechanism/>" in said_by(stream, AUTH)
    assert not stream.closed
    if letters != "P":
        stream = in_tls(letters, GOOD)
        assert "<invalid-mechanism/>" in said_by(stream, AUTH)
        assert said_by(stream, RESULT) == ""
        assert not stream.closed


@pytest.mark.parametrize(("letters", "stays"), [("S", False), ("ST", True), ("STP", True)])
def test_when_external_fails_the_stream_stays_where_dialback_may_follow(letters: str, stays: bool) -> None:
    stream = in_tls(letters, GOOD)
    assert "<invalid-authzid/>" in said_by(stream, AUTH.replace(b">=<", b">bGl0d2FyZS5leGFtcGxl<"))
    assert stream.closed is not stays
    if stays:
        stream.receive_data(RESULT)
        assert isinstance(stream.events_received()[-1], NeedVerification)


def test_external_may_be_tried_only_so_often() -> None:
    stream = in_tls("ST", PeerProofResult(None, "self-signed"))
    for _ in range(MAX_SASL_FAILURES - 1):
        assert "<invalid-mechanism/>" in said_by(stream, AUTH)
        assert not stream.closed
    assert said_by(stream, AUTH).endswith("</stream:stream>")
    assert stream.closed


def test_a_refused_response_leaves_dialback_too() -> None:
    stream = in_tls("ST", GOOD)
    stream.receive_data(AUTH.replace(b">=<", b"><"))
    assert "<incorrect-encoding/>" in said_by(
        stream, b"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>&amp;</response>"
    )
    assert stream.state is InboundState.AUTHENTICATING


def test_without_a_certificate_dialback_in_the_clear_is_still_offered() -> None:
    stream = inbound([KNOBS["STP"]], tls_available=False)
    stream.receive_data(header())
    assert "starttls" not in (said := stream.data_to_send().decode())
    assert "<dialback " in said
    assert said_by(stream, STARTTLS).startswith("<failure ")
