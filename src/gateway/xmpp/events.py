"""What a stream tells its shell: the closed union :data:`StreamEvent`.

The shell takes the events in order and does what each one asks for; whatever a stream has to say to its peer comes out
of ``data_to_send`` and is not an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from gateway.errors import Condition, StanzaCondition
    from gateway.model.envelope import Envelope
    from gateway.model.peer import PairAuthorization
    from gateway.xmpp.dialback import Verdict, VerifyRequest


class FailureReason(StrEnum):
    """Why an outbound stream did not come up; each is a code that ``edgecert explain`` knows."""

    TLS_NOT_OFFERED = "tls-not-offered"
    TLS_REFUSED = "tls-refused"
    PEER_CERTIFICATE = "peer-certificate"
    EXTERNAL_NOT_OFFERED = "external-not-offered"
    EXTERNAL_REFUSED = "external-refused"
    PEER_REQUIRES_TLS = "peer-requires-tls"
    DIALBACK_NOT_OFFERED = "dialback-not-offered"
    DIALBACK_REFUSED = "dialback-refused"
    DIALBACK_FAILED = "dialback-failed"
    PEER_STREAM_ERROR = "peer-stream-error"
    PEER_PROTOCOL = "peer-protocol"
    PEER_CLOSED = "peer-closed"


@dataclass(frozen=True, slots=True)
class StartTls:
    """Begin TLS: send ``data_to_send()`` in the clear, then hand every byte to TLS; ``tls_established`` when it is up.

    Clear bytes that came after ``<starttls/>`` or ``<proceed/>`` never reach this point: the stream has ended instead.
    """


@dataclass(frozen=True, slots=True)
class PeerHeader:
    """The peer opened (or opened again) its stream; ``from_`` is empty when it did not say. Claims, not proofs."""

    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class NeedPeerProof:
    """Verify that the peer's certificate proves ``domain``, then call ``peer_proof``; the stream waits for it."""

    domain: str


@dataclass(frozen=True, slots=True)
class NeedVerification:
    """Ask the authoritative server about a dialback key, then call ``verified``; the stream goes on meanwhile."""

    request: VerifyRequest


@dataclass(frozen=True, slots=True)
class Verified:
    """The authoritative server has answered what a verifying stream asked it; :class:`Closed` follows."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Authorized:
    """Stanzas of this pair of domains may now pass over the stream."""

    pair: PairAuthorization


@dataclass(frozen=True, slots=True)
class StanzaReceived:
    """A stanza of an authorized pair."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class StanzaRefused:
    """A stanza that goes nowhere: send its sender ``stanza.error_reply(...)`` of these three on an outbound stream."""

    envelope: Envelope
    condition: StanzaCondition
    text: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The peer has ``count`` more of the stanzas that were sent while the stream's ``acknowledging`` held (XEP-0198).

    Also told, for all that is outstanding, when the peer refuses to count: then nobody will know.
    """

    count: int


@dataclass(frozen=True, slots=True)
class Pinged:
    """The peer sent white space: it is alive and has nothing to say (RFC 6120 §4.6.1)."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An outbound stream did not come up; :class:`Closed` follows."""

    reason: FailureReason
    text: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """The stream has ended; the last event. Send what is in ``data_to_send()``, then close the connection.

    ``condition`` is the stream error, ours or (``by_peer``) the peer's; None is a close in good order or a lost
    connection.
    """

    condition: Condition | None = None
    by_peer: bool = False
    text: str = ""


StreamEvent: TypeAlias = (
    StartTls
    | PeerHeader
    | NeedPeerProof
    | NeedVerification
    | Verified
    | Authorized
    | StanzaReceived
    | StanzaRefused
    | Acknowledged
    | Pinged
    | Failed
    | Closed
)


@dataclass(frozen=True, slots=True)
class ComponentAuthorized:
    """A component has shown the secret of ``domain``; stanzas may pass both ways."""

    domain: str


ComponentEvent: TypeAlias = ComponentAuthorized | StanzaReceived | StanzaRefused | Pinged | Closed
