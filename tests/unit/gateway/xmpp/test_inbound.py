from __future__ import annotations

from functools import partial

import pytest

from gateway.errors import Condition, LocalProtocolError, StanzaCondition
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.partner import PartnerTable
from gateway.xmpp.configs import PeerProofResult
from gateway.xmpp.events import (
    Authorized,
    Closed,
    NeedPeerProof,
    PeerHeader,
    StanzaReceived,
    StanzaRefused,
    StartTls,
)
from gateway.xmpp.inboundstates import InboundState
from tests.support.streams import (
    AUTH,
    DIRECT,
    FABRIKAM,
    GOOD,
    HOME,
    KNOBS,
    PARTNER,
    RESULT,
    SECOND_HOME,
    STARTTLS,
    TLS,
    authenticating,
    closed_by,
    envelope,
    header,
    inbound,
    inbound_of,
    message,
    open_inbound,
    secured,
    turns,
)

PAIR = PairAuthorization(PARTNER, HOME, Method.EXTERNAL, Proof.PKIX)


def test_recorded_conversation_opens_the_stream_and_passes_its_stanzas() -> None:
    stream = inbound()
    said = []
    events = []
    for mark, data in turns("inbound-external.txt"):
        if mark == "tls":
            stream.tls_established(TLS)
        stream.receive_data(data)
        new = stream.events_received()
        if any(isinstance(event, NeedPeerProof) for event in new):
            stream.peer_proof(GOOD)
        events += new
        said.append(stream.data_to_send())
    assert b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>" in said[0]
    assert said[1] == b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    assert b"id='id-2'" in said[2]
    bidi = b"<bidi xmlns='urn:xmpp:features:bidi'/>"
    assert said[2].endswith(b"<mechanism>EXTERNAL</mechanism></mechanisms>" + bidi + b"</stream:features>")
    assert said[3] == b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    assert b"id='id-3'" in said[4]
    assert said[-1] == b"</stream:stream>"
    claim = PeerHeader(PARTNER, HOME)
    assert events[:6] == [claim, StartTls(), claim, NeedPeerProof(PARTNER), claim, Authorized(PAIR)]
    assert [type(event) for event in events[6:]] == [StanzaReceived] * 6 + [Closed]
    assert events[-1] == Closed(by_peer=True)


def test_each_stream_has_a_new_id() -> None:
    stream = inbound()
    stream.receive_data(header())
    stream.receive_data(STARTTLS)
    stream.tls_established(TLS)
    stream.receive_data(header())
    said = stream.data_to_send()
    assert b"id='id-1'" in said
    assert b"id='id-2'" in said


# --- STARTTLS and the proof


@pytest.mark.parametrize("behind", [b"<auth/>", b" ", header(), b"\x16\x03\x01", b"<half"])
def test_clear_bytes_behind_starttls_end_the_stream(behind: bytes) -> None:
    stream = inbound()
    stream.receive_data(header())
    stream.data_to_send()
    stream.receive_data(STARTTLS + behind)
    assert b"proceed" not in stream.data_to_send()
    assert closed_by(stream).condition is Condition.POLICY_VIOLATION


def test_a_bad_certificate_is_refused_with_its_fault() -> None:
    stream = secured()
    stream.peer_proof(PeerProofResult(None, "the certificate expired on 1 May"))
    said = stream.data_to_send()
    assert b"<not-authorized " in said
    assert b"expired on 1 May" in said
    assert b"<mechanism>" not in said
    assert closed_by(stream).condition is Condition.NOT_AUTHORIZED


def test_nothing_is_looked_at_before_the_verdict() -> None:
    stream = secured()
    stream.events_received()
    stream.data_to_send()
    stream.receive_data(AUTH)
    assert stream.events_received() == []
    assert stream.data_to_send() == b""
    stream.peer_proof(GOOD)
    assert stream.data_to_send().endswith(b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")


# --- SASL


@pytest.mark.parametrize(
    ("auth", "condition"),
    [
        (AUTH.replace(b"EXTERNAL", b"PLAIN"), "invalid-mechanism"),
        (AUTH.replace(b">=<", b">&amp;<"), "incorrect-encoding"),
        (AUTH.replace(b">=<", b">bGl0d2FyZS5leGFtcGxl<"), "invalid-authzid"),  # litware.example
        (AUTH.replace(b">=<", b">YWxpY2VAZmFicmlrYW0uZXhhbXBsZQ==<"), "invalid-authzid"),  # alice@fabrikam.example
        (b"<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "aborted"),
    ],
)
def test_external_fails_with_the_exact_condition_and_the_stream_ends(auth: bytes, condition: str) -> None:
    stream = authenticating()
    stream.receive_data(auth)
    expected = f"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/></failure></stream:stream>"
    assert stream.data_to_send() == expected.encode()
    assert closed_by(stream).condition is Condition.NOT_AUTHORIZED


@pytest.mark.parametrize(
    "response", [b"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", AUTH.replace(b"auth", b"response")]
)
def test_without_an_initial_response_it_is_asked_for(response: bytes) -> None:
    stream = authenticating()
    stream.receive_data(AUTH.replace(b">=<", b"><"))
    assert stream.data_to_send() == b"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    stream.receive_data(response)
    assert stream.data_to_send() == b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"


def test_a_partner_removed_meanwhile_does_not_authenticate() -> None:
    tables = [PartnerTable.of([FABRIKAM])]
    stream = secured(inbound_of(tables))
    stream.peer_proof(GOOD)
    tables.append(PartnerTable())
    stream.data_to_send()
    stream.receive_data(AUTH)
    assert b"<not-authorized/>" in stream.data_to_send()


@pytest.mark.parametrize("now", [PartnerTable(), PartnerTable.of([KNOBS["T"]])])
def test_a_partner_changed_between_success_and_the_next_header_opens_nothing(now: PartnerTable) -> None:
    tables = [PartnerTable.of([FABRIKAM])]
    stream = secured(inbound_of(tables))
    stream.peer_proof(GOOD)
    stream.receive_data(AUTH)
    tables.append(now)
    stream.partners_changed()
    stream.receive_data(header() + message())
    assert closed_by(stream).condition is Condition.POLICY_VIOLATION
    assert not stream.pairs


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        (message(), Condition.NOT_AUTHORIZED),
        (AUTH, Condition.POLICY_VIOLATION),
        (RESULT, Condition.POLICY_VIOLATION),
        (b"<compress xmlns='http://jabber.org/protocol/compress'/>", Condition.POLICY_VIOLATION),
        (b"<hello/>", Condition.UNSUPPORTED_STANZA_TYPE),
        (b"<hello xmlns='urn:x'/>", Condition.UNSUPPORTED_STANZA_TYPE),
    ],
)
def test_in_the_clear_only_starttls_is_taken(sent: bytes, condition: Condition) -> None:
    stream = inbound()
    stream.receive_data(header())
    stream.receive_data(sent)
    assert closed_by(stream).condition is condition


@pytest.mark.parametrize(
    ("sent", "condition"),
    [(message(), Condition.NOT_AUTHORIZED), (STARTTLS, Condition.POLICY_VIOLATION)],
)
def test_inside_tls_only_auth_is_taken(sent: bytes, condition: Condition) -> None:
    stream = authenticating()
    stream.receive_data(sent)
    assert closed_by(stream).condition is condition


def test_dialback_inside_tls_is_refused_and_external_still_works() -> None:
    stream = authenticating()
    stream.receive_data(RESULT)
    assert b"type='error'" in stream.data_to_send()
    stream.receive_data(AUTH)
    assert b"<success" in stream.data_to_send()


# --- stanzas


def test_stanzas_of_the_pair_pass() -> None:
    stream = open_inbound(inbound())
    assert stream.pairs == (PAIR,)
    assert stream.tls == DIRECT
    stream.receive_data(message())
    (event,) = stream.events_received()
    assert isinstance(event, StanzaReceived)
    assert event.envelope.raw == message()


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        (message(from_="eve@litware.example"), Condition.INVALID_FROM),
        (message(from_="bob@contoso.example"), Condition.INVALID_FROM),
        (message(from_="alice@research.fabrikam.example"), Condition.INVALID_FROM),
        (message(from_=""), Condition.IMPROPER_ADDRESSING),
        (message(to=""), Condition.IMPROPER_ADDRESSING),
        (message(to="@contoso.example"), Condition.IMPROPER_ADDRESSING),
        (AUTH, Condition.POLICY_VIOLATION),
        (b"<hello/>", Condition.UNSUPPORTED_STANZA_TYPE),
    ],
)
def test_faults_on_an_open_stream_end_it(sent: bytes, condition: Condition) -> None:
    stream = open_inbound(inbound())
    stream.receive_data(sent)
    said = stream.data_to_send()
    assert f"<stream:error><{condition.value} ".encode() in said
    assert closed_by(stream).condition is condition


@pytest.mark.parametrize(
    ("to", "condition"),
    [
        (f"bob@{SECOND_HOME}", StanzaCondition.NOT_ALLOWED),
        ("bob@unknown.example", StanzaCondition.SERVICE_UNAVAILABLE),
    ],
)
def test_a_stanza_outside_the_pair_is_refused_and_the_stream_stays(to: str, condition: StanzaCondition) -> None:
    stream = open_inbound(inbound())
    stream.receive_data(message(to=to) + message())
    refused, passed = stream.events_received()
    assert isinstance(refused, StanzaRefused)
    assert refused.condition is condition
    assert isinstance(passed, StanzaReceived)


def test_an_additional_domain_has_a_stream_of_its_own() -> None:
    stream = open_inbound(inbound(), "research.fabrikam.example")
    stream.receive_data(message(from_="alice@research.fabrikam.example"))
    assert [type(event) for event in stream.events_received()] == [StanzaReceived]


def test_a_removed_partner_loses_its_stream_and_a_kept_one_does_not() -> None:
    tables = [PartnerTable.of([FABRIKAM])]
    stream = open_inbound(inbound_of(tables))
    stream.partners_changed()
    assert not stream.closed
    tables.append(PartnerTable())
    stream.partners_changed()
    assert closed_by(stream).condition is Condition.POLICY_VIOLATION
    assert stream.pairs == ()


# --- what the shell may not do


def test_illegal_calls_raise_and_change_nothing() -> None:
    stream = inbound()
    for call in (partial(stream.peer_proof, GOOD), partial(stream.tls_established, TLS), stream.ping):
        with pytest.raises(LocalProtocolError):
            call()
    assert stream.state is InboundState.CLEAR_HEADER


def test_an_open_stream_takes_no_second_tls_and_carries_no_stanza_out() -> None:
    stream = open_inbound(inbound())
    with pytest.raises(LocalProtocolError):
        stream.tls_established(DIRECT)
    with pytest.raises(LocalProtocolError):
        stream.send_stanza(envelope())
    assert stream.state is InboundState.OPEN
    assert stream.data_to_send() == b""
    stream.ping()
    assert stream.data_to_send() == b" "


@pytest.mark.parametrize(
    "late",
    [
        b"<enable xmlns='urn:xmpp:sm:3'/>",
        b"<db:result xmlns:db='jabber:server:dialback' from='fabrikam.example' to='home.example'>key</db:result>",
    ],
)
def test_what_the_peer_negotiates_before_it_sees_our_end_costs_no_stanza(late: bytes) -> None:
    stream = open_inbound(inbound())
    stream.close()
    stream.data_to_send()
    stream.receive_data(late + message() + b"</stream:stream>")
    (received, closed) = stream.events_received()
    assert isinstance(received, StanzaReceived)
    assert closed == Closed()
    assert stream.data_to_send() == b""
