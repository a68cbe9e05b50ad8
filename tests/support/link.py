"""Our own two stream machines, joined without sockets: what one says the other reads, TLS and DNS are pretended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.model.peer import Proof
from gateway.policy.partner import Partner, PartnerTable
from gateway.xmpp.configs import InboundConfig, OutboundConfig, PeerProofResult, TlsInfo
from gateway.xmpp.dialback import Verdict
from gateway.xmpp.events import Authorized, Closed, Failed, NeedPeerProof, NeedVerification, StartTls, Verified
from gateway.xmpp.inbound import InboundStream
from gateway.xmpp.outbound import OutboundStream
from gateway.xmpp.verifying import VerifyingStream
from tests.support.streams import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.model.peer import PairAuthorization
    from gateway.policy.methods import Row
    from gateway.xmpp.dialback import VerifyRequest
    from gateway.xmpp.events import StreamEvent

WEST: Final = "west.example"
EAST: Final = "east.example"


def partner_of(row: Row, domain: str) -> Partner:
    """Give a partner with the knobs of ``row``."""
    return Partner(domain=domain, tls=row.tls, sasl=row.sasl, dialback=row.dialback)


@dataclass(slots=True)
class End:
    """One end: a stream, whose certificates are good to it, and all that happened to it."""

    stream: InboundStream | OutboundStream | VerifyingStream
    good: frozenset[str]
    verify: Callable[[VerifyRequest], Verdict] | None = None
    events: list[StreamEvent] = field(default_factory=list)
    said: bytes = b""
    wants_tls: bool = False

    def work(self) -> bool:
        """Do what the stream asks for; give whether there was anything."""
        events = self.stream.events_received()
        self.events += events
        for event in events:
            match event:
                case StartTls():
                    self.wants_tls = True
                case NeedPeerProof(domain):
                    proof = Proof.PKIX if domain in self.good else None
                    self.stream.peer_proof(PeerProofResult(proof, "bad certificate"))
                case NeedVerification(request) if self.verify and isinstance(self.stream, InboundStream):
                    self.stream.verified(request, self.verify(request))
                case _:
                    pass
        return bool(events)

    def pass_to(self, other: End) -> bool:
        """Hand over what the stream says; give whether it said anything."""
        data = self.stream.data_to_send()
        self.said += data
        if data:
            other.stream.receive_data(data)
        return bool(data)

    @property
    def pair(self) -> PairAuthorization | None:
        """The pair that was authorized here."""
        return next((event.pair for event in self.events if isinstance(event, Authorized)), None)

    @property
    def failure(self) -> str:
        """Why an outbound stream failed; empty if it did not."""
        return next((event.reason.value for event in self.events if isinstance(event, Failed)), "")

    @property
    def closed(self) -> Closed | None:
        """How the stream ended, if it did."""
        return next((event for event in self.events if isinstance(event, Closed)), None)


def converse(left: End, right: End, *, direct: bool = False) -> None:
    """Let both talk until neither has anything to say."""
    info = TlsInfo("TLSv1.3", "", direct=direct)
    ends = (left, right)
    if direct:
        for end in (right, left):
            end.stream.tls_established(info)
    while True:
        busy = [end.work() for end in ends]
        busy += [left.pass_to(right), right.pass_to(left)]
        if all(end.wants_tls for end in ends):
            for end in ends:
                end.wants_tls = False
                end.stream.tls_established(info)
        elif not any(busy):
            return


@dataclass(slots=True)
class Link:
    """West opens a stream to east; each has settings for the other, and ``good`` says whose certificates prove them."""

    west_of_east: Partner
    """East, as west has configured it."""
    east_of_west: Partner
    """West, as east has configured it."""
    good: frozenset[str] = frozenset({WEST, EAST})
    direct: bool = False
    impostor: bool = False
    """Whether west's own server does not know the key: somebody else speaks in its name."""

    def run(self) -> tuple[End, End]:
        """Give both ends when all is said."""
        make_key = KEYS.make_key if not self.impostor else lambda *_names: "f00d"
        config = OutboundConfig(WEST, self.west_of_east, EAST, direct_tls=self.direct, make_key=make_key)
        west = End(OutboundStream(config), self.good)
        east = End(inbound_of(EAST, self.east_of_west), self.good, self._verify)
        converse(west, east, direct=self.direct)
        return west, east

    def _verify(self, request: VerifyRequest) -> Verdict:
        """Ask west's own server about a key, as east does."""
        config = OutboundConfig(EAST, self.east_of_west, WEST, make_key=KEYS.make_key)
        asking = End(VerifyingStream(config, request), self.good)
        converse(asking, End(inbound_of(WEST, self.west_of_east), self.good))
        verdicts = [event.verdict for event in asking.events if isinstance(event, Verified)]
        return verdicts[0] if verdicts else Verdict("error", text=asking.failure)


def inbound_of(home: str, partner: Partner) -> InboundStream:
    """Give an inbound stream of ``home``, which knows one partner."""
    numbers = iter(range(1, 99))
    config = InboundConfig(
        stream_id=lambda: f"{home}-{next(numbers)}",
        is_home=lambda domain: domain == home,
        partners=lambda: PartnerTable.of([partner]),
        tls_available=lambda _domain: True,
        is_key=lambda *names: KEYS.is_key(*names, now=0),
    )
    return InboundStream(config)


__all__ = ["EAST", "WEST", "End", "Link", "converse", "partner_of"]
