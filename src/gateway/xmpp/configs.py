"""What a stream is told when it is made, and what its shell answers later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.model.peer import Proof
    from gateway.policy.partner import Partner, PartnerTable


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How much a peer may ask of the parser; sizes are octets.

    ``max_token`` bounds a single tag or run of text that has not ended yet: Expat 2.5 needs quadratic time for a token
    that comes in small pieces (CVE-2023-52425). ``max_attributes`` bounds the attributes of one element, and
    as well the namespaces that it declares.
    """

    max_stanza_size: int = 262_144
    max_stanza_size_before_authentication: int = 10_000
    max_token: int = 65_536
    max_token_before_authentication: int = 8_192
    max_depth: int = 64
    max_attributes: int = 64
    max_elements_before_authentication: int = 32
    idle_seconds: int = 0
    """How long peers are told that their silence is borne; 0: they are not told."""


@dataclass(frozen=True, slots=True)
class PeerLimits:
    """What a peer says that it takes (XEP-0478); 0 is no limit."""

    max_bytes: int = 0
    idle_seconds: int = 0


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """What the TLS layer agreed on; ``direct`` when the connection began with TLS (XEP-0368)."""

    version: str
    cipher: str
    direct: bool = False


@dataclass(frozen=True, slots=True)
class PeerProofResult:
    """The verdict on the peer's certificate: a proof, or none and the fault in words for the peer's administrator."""

    proof: Proof | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class InboundConfig:
    """What an inbound stream asks its gateway.

    ``stream_id`` gives a new unguessable id, ``is_home`` says whether a prepared domain is ours, ``partners`` gives the
    table of this moment, ``tls_available`` says whether a certificate is in service for a home domain, ``is_key``
    whether a dialback key is ours for a receiving domain, an originating domain (a home) and a stream id.
    """

    stream_id: Callable[[], str]
    is_home: Callable[[str], bool]
    partners: Callable[[], PartnerTable]
    tls_available: Callable[[str], bool]
    is_key: Callable[[str, str, str, str], bool]
    limits: StreamLimits = field(default_factory=StreamLimits)


@dataclass(frozen=True, slots=True)
class OutboundConfig:
    """What an outbound stream is for: from the domain ``home`` to ``domain``, which is one of those of ``partner``.

    ``make_key`` gives a dialback key for a receiving domain, an originating domain and a stream id. ``skip_external``
    passes over a certificate's proof: the peer has just refused it and closed. ``delegated_to`` is the server to which
    DNSSEC proves that ``domain`` delegates, whose own name then proves it too (RFC 6120 §13.7.2.1); empty without that.
    With ``bidi`` the peer may be let send its stanzas of this pair over the stream (XEP-0288). With ``tls_only``
    nothing is tried in the clear, whatever the partner's settings allow: TLS was begun a moment ago and failed.
    """

    home: str
    partner: Partner
    domain: str
    limits: StreamLimits = field(default_factory=StreamLimits)
    direct_tls: bool = False
    make_key: Callable[[str, str, str], str] = field(kw_only=True)
    skip_external: bool = False
    delegated_to: str = ""
    bidi: bool = False
    tls_only: bool = False
