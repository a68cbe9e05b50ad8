"""Who a peer has proved to be: direction, method, proof, and the authorization of a pair of domains."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Who opened the stream, seen from us."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Method(StrEnum):
    """How a server proves its domain; the letters are those of the method set.

    In order of preference, the strongest first.
    """

    EXTERNAL = "S"
    TLS_DIALBACK = "T"
    DIALBACK = "P"


class Proof(StrEnum):
    """What the proof rests on."""

    PKIX = "pkix"
    DANE = "dane"
    POSH = "posh"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class PairAuthorization:
    """A partner's domain may exchange stanzas with a home domain over the stream that holds this value.

    Authorization belongs to the pair, not to the stream: a stream may hold several, each with its own method and proof.
    """

    partner: str
    home: str
    method: Method
    proof: Proof
