"""The hostile corpus against the streams without I/O: whole, cut in two at every byte, and byte by byte."""

from __future__ import annotations

import pytest

from edgecert.shared.secret import Secret
from gateway.errors import Condition, StanzaCondition
from gateway.xmpp.component import ComponentStream, handshake
from gateway.xmpp.events import Closed, NeedPeerProof, StanzaReceived, StanzaRefused
from gateway.xmpp.inbound import InboundStream
from gateway.xmpp.inboundstates import InboundState
from tests.support.hostile import HostileCase, read_corpus
from tests.support.streams import DIRECT, GOOD, HOME, header, inbound, open_inbound

CASES = read_corpus()
SHORT = 300
SECRET = Secret(b"s3cret")


def stream_at(case: HostileCase) -> InboundStream | ComponentStream:
    if case.at == "component":
        component = ComponentStream({HOME: SECRET}.get, lambda: "id-1")
        component.receive_data(header("", HOME, content="jabber:component:accept", version=""))
        component.receive_data(b"<handshake>" + handshake("id-1", SECRET) + b"</handshake>")
        component.events_received()
        component.data_to_send()
        return component
    stream = inbound()
    if case.at == "open":
        return open_inbound(stream)
    if case.at in {"direct", "tls"}:
        stream.tls_established(DIRECT)
    if case.at == "tls":
        stream.receive_data(header())
        stream.peer_proof(GOOD)
        stream.events_received()
        stream.data_to_send()
    return stream


def outcome(case: HostileCase, *cuts: int) -> tuple[str, ...]:
    """Give what comes of ``case``, sent in pieces."""
    stream, found = stream_at(case), list[str]()
    for start, end in zip((0, *cuts), (*cuts, len(case.data)), strict=True):
        stream.receive_data(case.data[start:end])
        if stream.state is InboundState.TLS_HANDSHAKE:
            return (f"{case.kind} {case.expected}",)  # cut exactly there: what follows belongs to TLS, and is none
        for event in stream.events_received():
            match event:
                case NeedPeerProof() if isinstance(stream, InboundStream):
                    stream.peer_proof(GOOD)
                case StanzaReceived(envelope):
                    found.append(f"forwarded {envelope.raw.decode()}")
                case StanzaRefused(_, condition):
                    found.append(f"stanza_error {condition.value}")
                case Closed(condition):
                    found.append(f"stream_error {condition.value if condition else ''}")
                case _:
                    pass
    said = stream.data_to_send().decode()
    if case.kind == "sasl_failure" and f"<{case.expected}/></failure>" in said:
        found.append(f"sasl_failure {case.expected}")
    if found and found[-1].startswith("stream_error") and case.kind == "stream_error":
        assert f"<{case.expected} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>" in said
        assert said.endswith("</stream:stream>")
    return tuple(found)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_is_refused_as_the_corpus_says(case: HostileCase) -> None:
    found = outcome(case)
    assert f"{case.kind} {case.expected}" in found
    if case.kind == "stream_error":
        assert found == (f"stream_error {case.expected}",), "nothing of it goes on"
    if case.kind in {"forwarded", "stanza_error"}:
        assert len(found) == 1, "and the stream goes on"


@pytest.mark.parametrize("case", [case for case in CASES if len(case.data) <= SHORT], ids=str)
def test_however_it_is_cut(case: HostileCase) -> None:
    expected = f"{case.kind} {case.expected}"
    for cut in range(1, len(case.data)):
        assert expected in outcome(case, cut), cut
    assert expected in outcome(case, *range(1, len(case.data)))


@pytest.mark.parametrize("case", [case for case in CASES if len(case.data) > SHORT], ids=str)
def test_the_large_ones_in_segments(case: HostileCase) -> None:
    assert f"{case.kind} {case.expected}" in outcome(case, *range(1400, len(case.data), 1400))


def test_the_corpus_names_conditions_that_exist() -> None:
    assert len(CASES) > 80
    assert len({str(case) for case in CASES}) == len(CASES)
    for case in CASES:
        if case.kind == "stream_error":
            assert Condition(case.expected)
        elif case.kind == "stanza_error":
            assert StanzaCondition(case.expected)
