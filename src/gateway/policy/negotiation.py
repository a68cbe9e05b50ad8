"""What a method set means on the wire: what is offered to a partner that dials us, what is tried where we dial.

Both tables are written out, a row per method set, because they are what tests and documentation check streams against.
Streams look only at these rows, never at the three knobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gateway.model.peer import Method
from gateway.policy.methods import METHODS_P, METHODS_S, METHODS_T, NO_METHODS, method_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.policy.partner import Partner


class Offer(StrEnum):
    """A way on that a receiving server offers, or an initiating one takes."""

    STARTTLS = "starttls"
    EXTERNAL = "external"
    DIALBACK = "dialback"


_NOTHING: Final[frozenset[Offer]] = frozenset()
_STARTTLS: Final = frozenset({Offer.STARTTLS})
_EXTERNAL: Final = frozenset({Offer.EXTERNAL})
_DIALBACK: Final = frozenset({Offer.DIALBACK})


@dataclass(frozen=True, slots=True)
class InboundRow:
    """What a partner of one method set is offered: in the clear, and inside TLS with a certificate that is good or not.

    STARTTLS without dialback beside it is mandatory. Where nothing is offered, the stream ends. A dialback key is
    verified where dialback is offered, and refused elsewhere.
    """

    clear: frozenset[Offer]
    good: frozenset[Offer]
    bad: frozenset[Offer]


@dataclass(frozen=True, slots=True)
class OutboundRow:
    """What is tried towards a partner of one method set, in order; where nothing is left, the stream fails.

    ``clear`` is what is tried where the peer offers no TLS, or where ``tls`` says that its offer is not taken.
    """

    tls: bool
    clear: tuple[Offer, ...]
    good: tuple[Offer, ...]
    bad: tuple[Offer, ...]


S, T, P = METHODS_S, METHODS_T, METHODS_P

INBOUND: Final[Mapping[frozenset[Method], InboundRow]] = {
    S: InboundRow(_STARTTLS, _EXTERNAL, _NOTHING),
    S | T: InboundRow(_STARTTLS, _EXTERNAL | _DIALBACK, _DIALBACK),
    S | T | P: InboundRow(_STARTTLS | _DIALBACK, _EXTERNAL | _DIALBACK, _DIALBACK),
    T: InboundRow(_STARTTLS, _DIALBACK, _DIALBACK),
    T | P: InboundRow(_STARTTLS | _DIALBACK, _DIALBACK, _DIALBACK),
    P: InboundRow(_DIALBACK, _NOTHING, _NOTHING),
    NO_METHODS: InboundRow(_STARTTLS, _NOTHING, _NOTHING),  # who is no partner: refused inside TLS
}

_BOTH: Final = (Offer.EXTERNAL, Offer.DIALBACK)
_ONLY_DIALBACK: Final = (Offer.DIALBACK,)
OUTBOUND: Final[Mapping[frozenset[Method], OutboundRow]] = {
    S: OutboundRow(True, (), (Offer.EXTERNAL,), ()),
    S | T: OutboundRow(True, (), _BOTH, _ONLY_DIALBACK),
    S | T | P: OutboundRow(True, _ONLY_DIALBACK, _BOTH, _ONLY_DIALBACK),
    T: OutboundRow(True, (), _ONLY_DIALBACK, _ONLY_DIALBACK),
    T | P: OutboundRow(True, _ONLY_DIALBACK, _ONLY_DIALBACK, _ONLY_DIALBACK),
    P: OutboundRow(False, _ONLY_DIALBACK, (), ()),
    NO_METHODS: OutboundRow(True, (), (), ()),
}


def inbound_row(partner: Partner | None) -> InboundRow:
    """Give what ``partner`` is offered; None is somebody who is no partner."""
    return INBOUND[method_set(partner) if partner is not None else NO_METHODS]


def outbound_row(partner: Partner) -> OutboundRow:
    """Give what is tried towards ``partner``."""
    return OUTBOUND[method_set(partner)]


def may_dial_back(partner: Partner | None, *, tls: bool) -> bool:
    """Whether a dialback key of ``partner`` is verified on a stream with or without TLS."""
    if partner is None:
        return False
    return (Method.TLS_DIALBACK if tls else Method.DIALBACK) in method_set(partner)
