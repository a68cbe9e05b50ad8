"""The states of an inbound stream, its one table of transitions, and the steps that a peer's elements are."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gateway.xmpp import acks, wire
from gateway.xmpp.dialback import RESULT_NAME, VERIFY_NAME
from gateway.xmpp.stream import Step

if TYPE_CHECKING:
    from collections.abc import Mapping


class InboundState(StrEnum):
    """Where an inbound stream is."""

    CLEAR_HEADER = "waits for the header"
    CLEAR_FEATURES = "waits for starttls or dialback"
    TLS_HANDSHAKE = "TLS handshake"
    TLS_HEADER = "waits for the header inside TLS"
    PROVING = "waits for the verdict on the certificate"
    AUTHENTICATING = "waits for auth or dialback"
    CHALLENGED = "waits for the response to an empty challenge"
    FINAL_HEADER = "waits for the header after authentication"
    OPEN = "open"
    CLOSING = "waits for the peer's end"
    CLOSED = "closed"


_S = InboundState
_ALIVE: Final = (_S.CLEAR_FEATURES, _S.AUTHENTICATING, _S.CHALLENGED, _S.OPEN)
NEXT: Final[Mapping[tuple[InboundState, Step], InboundState]] = {
    (_S.CLEAR_HEADER, Step.HEADER): _S.CLEAR_FEATURES,
    (_S.CLEAR_HEADER, Step.TLS_UP): _S.TLS_HEADER,  # direct TLS, XEP-0368
    (_S.CLEAR_FEATURES, Step.STARTTLS): _S.TLS_HANDSHAKE,
    (_S.CLEAR_FEATURES, Step.RESULT): _S.CLEAR_FEATURES,
    (_S.CLEAR_FEATURES, Step.VERIFIED): _S.OPEN,
    (_S.TLS_HANDSHAKE, Step.TLS_UP): _S.TLS_HEADER,
    (_S.TLS_HEADER, Step.HEADER): _S.PROVING,
    (_S.PROVING, Step.PROVED): _S.AUTHENTICATING,
    (_S.AUTHENTICATING, Step.AUTH): _S.CHALLENGED,
    (_S.AUTHENTICATING, Step.FAILURE): _S.AUTHENTICATING,
    (_S.AUTHENTICATING, Step.SUCCESS): _S.FINAL_HEADER,
    (_S.AUTHENTICATING, Step.RESULT): _S.AUTHENTICATING,
    (_S.AUTHENTICATING, Step.BIDI): _S.AUTHENTICATING,
    (_S.AUTHENTICATING, Step.VERIFIED): _S.OPEN,
    (_S.CHALLENGED, Step.RESPONSE): _S.CHALLENGED,
    (_S.CHALLENGED, Step.FAILURE): _S.AUTHENTICATING,
    (_S.CHALLENGED, Step.SUCCESS): _S.FINAL_HEADER,
    (_S.FINAL_HEADER, Step.HEADER): _S.OPEN,
    (_S.OPEN, Step.STANZA): _S.OPEN,
    (_S.OPEN, Step.SEND): _S.OPEN,
    (_S.OPEN, Step.ENABLE): _S.OPEN,
    (_S.OPEN, Step.ACK): _S.OPEN,
    (_S.OPEN, Step.RESULT): _S.OPEN,
    (_S.OPEN, Step.VERIFIED): _S.OPEN,
    (_S.OPEN, Step.CLOSE): _S.CLOSING,
    (_S.CLOSING, Step.STANZA): _S.CLOSING,
    (_S.CLOSING, Step.ACK): _S.CLOSING,
    **{(state, Step.VERIFY): state for state in _ALIVE},  # without authentication too, until we have said our end
    **{(state, Step.END): _S.CLOSED for state in _S if state is not _S.CLOSED},
}

STEPS: Final[Mapping[str, Step]] = {
    wire.STARTTLS_NAME: Step.STARTTLS,
    wire.AUTH_NAME: Step.AUTH,
    wire.RESPONSE_NAME: Step.RESPONSE,
    wire.BIDI_NAME: Step.BIDI,
    RESULT_NAME: Step.RESULT,
    VERIFY_NAME: Step.VERIFY,
    acks.ENABLE_NAME: Step.ENABLE,
    acks.RESUME_NAME: Step.ENABLE,
}
