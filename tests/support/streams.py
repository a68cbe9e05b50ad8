"""Streams without I/O for tests: made, opened, and talked to."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.secret import Secret
from gateway.model.jid import Jid
from gateway.model.peer import Proof
from gateway.policy.partner import Partner, PartnerTable
from gateway.xmpp.configs import InboundConfig, OutboundConfig, PeerProofResult, StreamLimits, TlsInfo
from gateway.xmpp.dialback import KeyRing
from gateway.xmpp.element import Element
from gateway.xmpp.events import Closed, NeedVerification
from gateway.xmpp.inbound import InboundStream
from gateway.xmpp.inboundstates import InboundState
from gateway.xmpp.outbound import OutboundStream
from gateway.xmpp.stanza import build_envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.model.envelope import Envelope
    from gateway.xmpp.dialback import VerifyRequest

HOME: Final = "contoso.example"
SECOND_HOME: Final = "home.example"
PARTNER: Final = "fabrikam.example"
GOOD: Final = PeerProofResult(Proof.PKIX)
TLS: Final = TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256")
DIRECT: Final = TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", direct=True)
STARTTLS: Final = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
AUTH: Final = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>"
FABRIKAM: Final = Partner(domain=PARTNER, additional_domains=("research.fabrikam.example",), dialback=False)
KEYS: Final = KeyRing(Secret(b"s3cr3tf0rd14lb4ck"))
RESULT: Final = (
    b"<db:result xmlns:db='jabber:server:dialback' from='fabrikam.example' to='contoso.example'>k</db:result>"
)
RESULT_VALID: Final = (
    b"<db:result xmlns:db='jabber:server:dialback' from='contoso.example' to='fabrikam.example' type='valid'/>"
)
KNOBS: Final = {
    "S": Partner(domain=PARTNER, sasl="required"),
    "ST": Partner(domain=PARTNER),
    "STP": Partner(domain=PARTNER, tls="optional"),
    "T": Partner(domain=PARTNER, sasl="not-supported"),
    "TP": Partner(domain=PARTNER, tls="optional", sasl="not-supported"),
    "P": Partner(domain=PARTNER, tls="not-supported", sasl="not-supported"),
}
STANZAS: Final = Path(__file__).parents[2] / "fixtures" / "stanzas"


def header(
    from_: str = PARTNER, to: str = HOME, *, content: str = "jabber:server", version: str = "1.0", id_: str = ""
) -> bytes:
    """Give a stream header; an empty attribute is left out."""
    attributes = (("from", from_), ("to", to), ("id", id_), ("version", version))
    said = "".join(f" {name}='{value}'" for name, value in attributes if value)
    return (
        f"<?xml version='1.0'?><stream:stream xmlns='{content}' xmlns:stream='http://etherx.jabber.org/streams'{said}>"
    ).encode()


def message(from_: str = f"alice@{PARTNER}/desk", to: str = f"bob@{HOME}", body: str = "hi", **more: str) -> bytes:
    """Give a message as it stands on the wire; an empty attribute is left out."""
    attributes = {"from": from_, "to": to, **more}
    said = "".join(f" {name}='{value}'" for name, value in attributes.items() if value)
    return f"<message{said}><body>{body}</body></message>".encode()


def envelope(
    kind: str = "message", type_: str = "", from_: str = f"bob@{HOME}", to: str = f"alice@{PARTNER}", id_: str = "i1"
) -> Envelope:
    """Give an envelope of a stanza without children."""
    attributes = {"from": str(Jid.parse(from_)), "to": str(Jid.parse(to)), "id": id_}
    return build_envelope(Element("jabber:server", kind, {**attributes, "type": type_} if type_ else attributes))


def inbound(
    partners: Sequence[Partner] = (FABRIKAM,), *, tls_available: bool = True, limits: StreamLimits | None = None
) -> InboundStream:
    """Give an inbound stream of a gateway with two homes."""
    table = PartnerTable.of(partners)
    return inbound_of([table], tls_available=tls_available, limits=limits)


def inbound_of(
    tables: list[PartnerTable], *, tls_available: bool = True, limits: StreamLimits | None = None
) -> InboundStream:
    """Give an inbound stream that reads the last of ``tables``, which a test may add to."""
    numbers = count(1)
    config = InboundConfig(
        stream_id=lambda: f"id-{next(numbers)}",
        is_home=lambda domain: domain in {HOME, SECOND_HOME},
        partners=lambda: tables[-1],
        tls_available=lambda _domain: tls_available,
        is_key=lambda *names: KEYS.is_key(*names, now=0),
        limits=limits or StreamLimits(),
    )
    return InboundStream(config)


def open_inbound(stream: InboundStream, from_: str = PARTNER) -> InboundStream:
    """Bring ``stream`` up by direct TLS and EXTERNAL; its events and bytes are taken away."""
    stream.tls_established(DIRECT)
    stream.receive_data(header(from_))
    stream.peer_proof(GOOD)
    stream.receive_data(AUTH)
    stream.receive_data(header(from_))
    stream.events_received()
    stream.data_to_send()
    return stream


def outbound(*, direct_tls: bool = False, partner: Partner = FABRIKAM) -> OutboundStream:
    """Give an outbound stream from the home to the partner."""
    return OutboundStream(OutboundConfig(HOME, partner, PARTNER, direct_tls=direct_tls, make_key=KEYS.make_key))


def said_by(stream: InboundStream, sent: bytes) -> str:
    """Give what ``stream`` says to ``sent``."""
    stream.data_to_send()
    stream.receive_data(sent)
    return stream.data_to_send().decode()


def in_tls(letters: str, proof: PeerProofResult = GOOD) -> InboundStream:
    """Give a stream whose peer, a partner of that method set, has said its header inside TLS."""
    stream = inbound([KNOBS[letters]])
    stream.tls_established(DIRECT)
    stream.receive_data(header())
    if not stream.closed:
        stream.peer_proof(proof)
    return stream


def asked_by(stream: InboundStream, sent: bytes) -> VerifyRequest:
    """Give what ``stream`` wants to be verified when it gets ``sent``."""
    stream.receive_data(sent)
    event = stream.events_received()[-1]
    assert isinstance(event, NeedVerification)
    return event.request


def result_of(from_: str = PARTNER, to: str = HOME, key: str = "k") -> bytes:
    """Give a dialback key as an originating server sends it."""
    return (
        RESULT.replace(PARTNER.encode(), from_.encode())
        .replace(HOME.encode(), to.encode())
        .replace(b">k<", f">{key}<".encode())
    )


def turns(name: str) -> list[tuple[str, bytes]]:
    """Give a recorded half of a conversation: the mark before each turn (start, turn or tls) and its bytes."""
    parts: list[tuple[str, bytes]] = []
    mark, lines = "start", list[str]()
    for line in (STANZAS / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("=== "):
            parts.append((mark, "\n".join(lines).encode()))
            mark, lines = line.removeprefix("=== "), []
        else:
            lines.append(line)
    return [*parts, (mark, "\n".join(lines).encode())]


def closed_by(stream: InboundStream) -> Closed:
    """Give how the stream ended, having checked that the peer was told and that nothing came after."""
    event = stream.events_received()[-1]
    assert isinstance(event, Closed)
    assert stream.closed
    assert stream.state is InboundState.CLOSED
    return event


def secured(stream: InboundStream | None = None, from_: str = PARTNER, to: str = HOME) -> InboundStream:
    """Give a stream inside TLS whose peer has said its header."""
    made = stream or inbound()
    made.tls_established(DIRECT)
    made.receive_data(header(from_, to))
    return made


def authenticating() -> InboundStream:
    """Give a stream whose peer has shown a good certificate and says next how it authenticates."""
    stream = secured()
    stream.peer_proof(GOOD)
    stream.events_received()
    stream.data_to_send()
    return stream
