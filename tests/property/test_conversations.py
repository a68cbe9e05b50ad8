"""What Prosody said, in every conversation that was recorded, cut at every byte: each time the same comes of it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LocalProtocolError
from gateway.policy.partner import Partner
from gateway.xmpp.configs import OutboundConfig, PeerProofResult
from gateway.xmpp.dialback import VALID, VerifyRequest
from gateway.xmpp.events import (
    Acknowledged,
    Authorized,
    Closed,
    NeedPeerProof,
    NeedVerification,
    Pinged,
    StanzaReceived,
    Verified,
)
from gateway.xmpp.inbound import InboundStream
from gateway.xmpp.outbound import OutboundStream
from gateway.xmpp.verifying import VerifyingStream
from tests.support.streams import GOOD, HOME, KEYS, PARTNER, TLS, envelope, inbound, outbound, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

EASY: Final = Partner(domain=PARTNER, type="public-verified", tls="optional", sasl="optional", dialback=True)
NONE: Final = PeerProofResult(None, "self-signed")
REQUEST: Final = VerifyRequest(PARTNER, HOME, "23134f4f03fa83c871cfe6801f8a61eb", "a-key", (PARTNER, HOME))
# Each recording, whether the certificate proved the domain, and what must have come of it.
RECORDED: Final[dict[str, tuple[bool, set[type]]]] = {
    "prosody-inbound.txt": (True, {Authorized, StanzaReceived}),
    "prosody-inbound-acks.txt": (True, {Authorized, StanzaReceived}),
    "prosody-inbound-dialback.txt": (False, {NeedVerification, Authorized, StanzaReceived}),
    "prosody-inbound-clear.txt": (False, {NeedVerification, Authorized, StanzaReceived}),
    "prosody-outbound-external.txt": (True, {Authorized, Acknowledged}),
    "prosody-outbound-dialback.txt": (False, {Authorized}),
    "prosody-outbound-clear.txt": (False, {Authorized}),
    "prosody-verifying.txt": (False, {Verified}),
}
Stream = InboundStream | OutboundStream | VerifyingStream


def stream_for(name: str) -> Stream:
    if "inbound" in name:
        return inbound((EASY,))
    if "verifying" in name:
        return VerifyingStream(OutboundConfig(HOME, EASY, PARTNER, make_key=KEYS.make_key), REQUEST)
    return outbound(partner=EASY)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return (data[start:end] for start, end in pairwise(places))


def play(name: str, cuts: list[int]) -> tuple[list[object], bytes]:
    """Give what a stream makes of the recording, as a shell would drive it."""
    stream, proved = stream_for(name), RECORDED[name][0]
    events: list[object] = []
    for mark, data in turns(name):
        if mark == "tls":
            stream.tls_established(TLS)
        for piece in pieces(data, cuts):
            stream.receive_data(piece)
            while new := stream.events_received():
                for event in new:
                    answer(stream, event, proved=proved)
                events += [event for event in new if not isinstance(event, Pinged)]
    return events, stream.data_to_send()


def answer(stream: Stream, event: object, *, proved: bool) -> None:
    match event:
        case NeedPeerProof():
            stream.peer_proof(GOOD if proved else NONE)
        case NeedVerification(request) if isinstance(stream, InboundStream):
            stream.verified(request, VALID)
        case Authorized() if isinstance(stream, OutboundStream):
            stream.send_stanza(envelope())


@pytest.mark.parametrize("name", RECORDED)
def test_each_single_cut_gives_the_same(name: str) -> None:
    whole = play(name, [])
    kinds = {type(event) for event in whole[0]}
    assert RECORDED[name][1] <= kinds
    assert isinstance(whole[0][-1], Closed)
    assert whole[0][-1].condition is None
    longest = max(len(data) for _mark, data in turns(name))
    assert all(play(name, [cut]) == whole for cut in range(longest))
    assert play(name, list(range(longest))) == whole


@pytest.mark.parametrize("name", RECORDED)
@given(cuts=st.lists(st.integers(0, 2000), max_size=20))
def test_random_cuts_give_the_same(name: str, cuts: list[int]) -> None:
    assert play(name, cuts) == play(name, [])


@pytest.mark.parametrize("name", RECORDED)
@given(data=st.data())
def test_a_byte_that_was_damaged_never_makes_a_stream_fall_over(name: str, data: st.DataObject) -> None:
    stream, proved = stream_for(name), RECORDED[name][0]
    for mark, said in turns(name):
        if mark == "tls":
            try:
                stream.tls_established(TLS)
            except LocalProtocolError:
                break  # damaged before, so that it did not come to TLS
        position = data.draw(st.integers(0, len(said) - 1))
        stream.receive_data(said[:position] + bytes([data.draw(st.integers(0, 255))]) + said[position + 1 :])
        while new := stream.events_received():
            for event in new:
                if not stream.closed:
                    answer(stream, event, proved=proved)
        if stream.closed:
            break
