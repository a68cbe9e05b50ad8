"""Server-to-server streams without I/O: bytes in, events and bytes out; the shell imports them from here.

Each stream is a machine with one state and one table (:mod:`gateway.xmpp.inbound`, :mod:`gateway.xmpp.outbound`). TLS
is the shell's: a stream says when to begin it (:class:`~gateway.xmpp.events.StartTls`) and is told when it is up.

What a peer does wrong never raises: the stream queues its goodbye and emits :class:`~gateway.xmpp.events.Closed`. What
the shell does wrong raises :class:`~gateway.errors.LocalProtocolError` and changes nothing.
"""

from __future__ import annotations

from gateway.xmpp.configs import InboundConfig, OutboundConfig, PeerProofResult, StreamLimits, TlsInfo
from gateway.xmpp.inbound import InboundStream
from gateway.xmpp.outbound import OutboundStream

__all__ = [
    "InboundConfig",
    "InboundStream",
    "OutboundConfig",
    "OutboundStream",
    "PeerProofResult",
    "StreamLimits",
    "TlsInfo",
]
