from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.errors import Condition, StanzaCondition
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.partner import Partner, PartnerTable
from gateway.xmpp.configs import PeerProofResult
from gateway.xmpp.dialback import INVALID, MAX_PENDING, VALID, Verdict
from gateway.xmpp.events import Authorized, Closed, StanzaReceived
from gateway.xmpp.inboundstates import InboundState
from tests.support.streams import (
    AUTH,
    GOOD,
    HOME,
    KEYS,
    KNOBS,
    PARTNER,
    RESULT,
    RESULT_VALID,
    SECOND_HOME,
    STARTTLS,
    TLS,
    asked_by,
    header,
    in_tls,
    inbound,
    inbound_of,
    message,
    open_inbound,
    result_of,
    said_by,
)

if TYPE_CHECKING:
    from gateway.xmpp.inbound import InboundStream

REFUSED = "<db:result .*type='error'.*<policy-violation"


def ending(stream: InboundStream) -> Condition | None:
    """Give the condition with which the stream ended."""
    event = stream.events_received()[-1]
    assert isinstance(event, Closed)
    return event.condition


# --- as receiving server


@pytest.mark.parametrize(
    ("letters", "proof", "expected"),
    [
        ("STP", None, PairAuthorization(PARTNER, HOME, Method.DIALBACK, Proof.DNS)),
        ("P", None, PairAuthorization(PARTNER, HOME, Method.DIALBACK, Proof.DNS)),
        ("T", PeerProofResult(None, "x"), PairAuthorization(PARTNER, HOME, Method.TLS_DIALBACK, Proof.DNS)),
        ("ST", GOOD, PairAuthorization(PARTNER, HOME, Method.TLS_DIALBACK, Proof.PKIX)),
    ],
)
def test_a_valid_key_authorizes_its_pair(
    letters: str, proof: PeerProofResult | None, expected: PairAuthorization
) -> None:
    if proof is None:
        stream = inbound([KNOBS[letters]])
        stream.receive_data(header())
    else:
        stream = in_tls(letters, proof)
    request = asked_by(stream, RESULT)
    assert request.stream_id == "id-1"
    assert not stream.pairs
    stream.data_to_send()
    stream.verified(request, VALID)
    assert stream.data_to_send() == RESULT_VALID
    assert stream.events_received() == [Authorized(expected)]
    assert stream.state is InboundState.OPEN
    stream.receive_data(message(body="x" * 20_000))  # the wider limits hold now
    assert [type(event) for event in stream.events_received()] == [StanzaReceived]


def test_no_stanza_passes_before_the_verdict() -> None:
    stream = inbound([KNOBS["P"]])
    stream.receive_data(header())
    asked_by(stream, RESULT)
    stream.receive_data(message())
    assert ending(stream) is Condition.NOT_AUTHORIZED


def test_a_verdict_counts_once_and_only_for_what_was_asked() -> None:
    stream = inbound([KNOBS["P"]])
    stream.receive_data(header())
    request = asked_by(stream, RESULT)
    for other in (
        replace(request, partner="litware.example"),
        replace(request, stream_id="x"),
        replace(request, key="y"),
    ):
        stream.verified(other, VALID)
    assert not stream.pairs
    stream.verified(request, Verdict("error", StanzaCondition.REMOTE_SERVER_TIMEOUT))
    stream.verified(request, VALID)
    assert not stream.pairs
    assert stream.data_to_send().count(b"<db:result ") == 1
    assert not stream.closed


def test_a_verdict_on_a_key_of_the_clear_does_not_count_inside_tls() -> None:
    stream = inbound([KNOBS["STP"]])
    stream.receive_data(header())
    request = asked_by(stream, RESULT)
    stream.receive_data(STARTTLS)
    stream.verified(request, VALID)
    stream.tls_established(TLS)
    stream.verified(request, VALID)
    stream.receive_data(header())
    stream.peer_proof(GOOD)
    stream.verified(request, VALID)
    assert not stream.pairs
    assert stream.state is InboundState.AUTHENTICATING


def test_a_key_outlives_a_certificate_that_was_refused_and_not_one_that_was_taken() -> None:
    wrong = AUTH.replace(b">=<", b">bGl0d2FyZS5leGFtcGxl<")  # litware.example
    refused = in_tls("ST")
    request = asked_by(refused, RESULT)
    assert "<invalid-authzid/>" in said_by(refused, wrong)
    refused.verified(request, VALID)
    assert [pair.method for pair in refused.pairs] == [Method.TLS_DIALBACK]
    taken = in_tls("ST")
    request = asked_by(taken, result_of(to=SECOND_HOME))
    taken.receive_data(AUTH)
    taken.receive_data(header())
    taken.verified(request, VALID)
    assert [(pair.home, pair.method) for pair in taken.pairs] == [(HOME, Method.EXTERNAL)]


def test_an_invalid_key_ends_a_stream_that_nobody_else_lives_on() -> None:
    stream = in_tls("T", GOOD)
    request = asked_by(stream, RESULT)
    stream.data_to_send()
    stream.verified(request, INVALID)
    said = stream.data_to_send()
    assert b"type='invalid'/>" in said
    assert said.endswith(b"</stream:stream>")
    assert ending(stream) is Condition.NOT_AUTHORIZED


def test_further_pairs_are_verified_each_and_cost_the_others_nothing() -> None:
    research = Partner(domain=PARTNER, additional_domains=("research.fabrikam.example", "x.fabrikam.example"))
    stream = open_inbound(inbound([research, Partner(domain="strict.example", sasl="required")]))
    good = asked_by(stream, result_of("research.fabrikam.example"))
    to_second = asked_by(stream, result_of(to=SECOND_HOME))
    bad = asked_by(stream, result_of("x.fabrikam.example"))
    stream.verified(to_second, VALID)
    stream.verified(good, VALID)
    stream.data_to_send()
    stream.verified(bad, INVALID)
    assert "type='error'" in (said := stream.data_to_send().decode())
    assert "<forbidden " in said
    for sent in (result_of("strict.example"), result_of("stranger.example")):
        assert re.search(REFUSED, said_by(stream, sent))
    assert "<item-not-found " in said_by(stream, result_of(to="unknown.example"))
    assert said_by(stream, RESULT).encode() == RESULT_VALID  # authorized already, by EXTERNAL
    assert {(pair.partner, pair.home, pair.method.value) for pair in stream.pairs} == {
        (PARTNER, HOME, "S"),
        (PARTNER, SECOND_HOME, "T"),
        ("research.fabrikam.example", HOME, "T"),
    }
    # The certificate of the stream's own domain proves no other one: that is known from the DNS alone.
    assert {(pair.partner, pair.proof) for pair in stream.pairs} == {
        (PARTNER, Proof.PKIX),
        ("research.fabrikam.example", Proof.DNS),
    }
    stream.bidirectional = True
    assert stream.carries(HOME, PARTNER)
    assert not stream.carries(HOME, "research.fabrikam.example")
    stream.bidirectional = False
    stream.events_received()
    stream.receive_data(message(from_="alice@research.fabrikam.example") + message(to=f"bob@{SECOND_HOME}"))
    assert [type(event) for event in stream.events_received()] == [StanzaReceived] * 2
    stream.receive_data(message(from_="a@x.fabrikam.example"))
    assert ending(stream) is Condition.INVALID_FROM


def test_a_pair_whose_method_is_no_longer_allowed_goes_and_the_last_takes_the_stream_with_it() -> None:
    tables = [PartnerTable.of([Partner(domain=PARTNER)])]
    stream = open_inbound(inbound_of(tables))
    stream.verified(asked_by(stream, result_of(to=SECOND_HOME)), VALID)
    tables.append(PartnerTable.of([KNOBS["S"]]))
    assert [pair.home for pair in stream.partners_changed()] == [SECOND_HOME]
    assert not stream.closed
    tables.append(PartnerTable.of([KNOBS["T"]]))
    assert [pair.home for pair in stream.partners_changed()] == [HOME]
    assert ending(stream) is Condition.POLICY_VIOLATION


def test_a_verdict_after_the_settings_changed_authorizes_nobody() -> None:
    tables = [PartnerTable.of([KNOBS["STP"]])]
    stream = inbound_of(tables)
    stream.receive_data(header())
    request = asked_by(stream, RESULT)
    tables.append(PartnerTable.of([KNOBS["ST"]]))
    stream.data_to_send()
    stream.verified(request, VALID)
    assert re.search(REFUSED, stream.data_to_send().decode())
    assert not stream.pairs


def test_a_pair_is_asked_for_once_and_only_so_many_at_a_time() -> None:
    names = [f"p{number}.example" for number in range(MAX_PENDING)]
    stream = open_inbound(inbound([Partner(domain=PARTNER, additional_domains=tuple(names))]))
    for name in names:
        asked_by(stream, result_of(name))
    assert said_by(stream, result_of(names[0], key="other")) == ""
    assert "<resource-constraint " in said_by(stream, result_of(to=SECOND_HOME))
    assert stream.events_received() == []


NOBODY_ASKED = f"<db:{{}} xmlns:db='jabber:server:dialback' from='{PARTNER}' to='{HOME}' id='id-1' type='valid'/>"


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        (NOBODY_ASKED.format("result").encode(), Condition.POLICY_VIOLATION),
        (NOBODY_ASKED.format("verify").encode(), Condition.POLICY_VIOLATION),
        (result_of(SECOND_HOME), Condition.INVALID_FROM),
        (b"<db:result xmlns:db='jabber:server:dialback'>k</db:result>", Condition.IMPROPER_ADDRESSING),
    ],
)
def test_answers_that_nobody_asked_for_and_claims_of_our_own_domains_end_the_stream(
    sent: bytes, condition: Condition
) -> None:
    stream = inbound([KNOBS["P"]])
    stream.receive_data(header())
    asked_by(stream, RESULT)
    stream.receive_data(sent)
    assert ending(stream) is condition
    assert not stream.pairs


# --- as authoritative server


def verify(key: str, to: str = HOME, from_: str = PARTNER) -> bytes:
    return (
        f"<db:verify xmlns:db='jabber:server:dialback' from='{from_}' to='{to}' id='their-id'>{key}</db:verify>"
    ).encode()


def test_our_keys_are_known_to_whoever_asks_in_every_state() -> None:
    key = KEYS.make_key(PARTNER, HOME, "their-id")
    clear, closing = inbound(), open_inbound(inbound([KNOBS["STP"]]))
    clear.receive_data(header(from_="stranger.example"))
    closing.close()
    challenged = in_tls("ST", GOOD)
    challenged.receive_data(AUTH.replace(b">=<", b"><"))
    unproved = in_tls("T", PeerProofResult(None, "self-signed"))
    assert said_by(closing, verify(key)) == ""  # RFC 6120 section 4.4: nothing comes after our end
    for stream in (unproved, challenged, open_inbound(inbound([KNOBS["STP"]]))):
        assert "type='valid'" in said_by(stream, verify(key))
        answer = said_by(stream, verify("f00d"))
        assert "type='invalid'" in answer
        assert "from='contoso.example' to='fabrikam.example' id='their-id'" in answer
        assert "type='invalid'" in said_by(stream, verify(key, from_="litware.example"))
        assert "<item-not-found " in said_by(stream, verify(key, to="unknown.example"))
    assert "type='error'" in said_by(clear, verify(key))


def test_where_dialback_is_switched_off_a_key_is_not_even_looked_at() -> None:
    stream = inbound([KNOBS["S"]])
    stream.receive_data(header())
    key = KEYS.make_key(PARTNER, HOME, "their-id")
    assert "<policy-violation " in said_by(stream, verify(key))
    assert not stream.closed
