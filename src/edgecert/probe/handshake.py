"""Real handshakes with what listens: which certificate does it serve?

Nothing is verified here; what was served is compared by its caller. The handshake is the machine's own TLS, an
implementation that is not the gateway's way of using it, so that the two cannot share a fault.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
from typing import Final

from edgecert.interfaces import Served
from edgecert.probe.opening import Opening, Step
from edgecert.probe.tlssocket import TlsSocket
from edgecert.shared.clock import Clock, SystemClock
from edgecert.shared.errors import NetworkError

STARTTLS: Final = "xmpp-s2s"
DIRECT_TLS: Final = "xmpps-s2s"
ANY_TLS: Final = "tls"
PROTOCOLS: Final = (STARTTLS, DIRECT_TLS, ANY_TLS)
ALPN_XMPP_SERVER: Final = "xmpp-server"  # XEP-0368

_RECEIVE: Final = 16384
_ENCODING_DER: Final = 2  # _ssl.ENCODING_DER


class HandshakeProber:
    """Asks by STARTTLS (``xmpp-s2s``), by direct TLS with ALPN (``xmpps-s2s``), or by TLS alone (``tls``).

    Implements :class:`edgecert.interfaces.Prober`.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """Measure time-outs by ``clock``."""
        self._clock = clock or SystemClock()

    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        """Ask ``address`` (``host:port``) for ``domain``'s certificate.

        Raises:
            NetworkError: ``unreachable``, ``no-xmpp``, ``no-starttls``, ``no-tls``, ``probe-timeout``; the message says
            what happened.
        """
        if protocol not in PROTOCOLS:
            raise NetworkError(f"{protocol!r} cannot be probed", code="no-tls", hint=f"known: {', '.join(PROTOCOLS)}")
        if not domain or domain.startswith("."):
            raise NetworkError(f"{domain!r} is no name that a server could be asked for", code="unreachable")
        deadline = _Deadline(self._clock, timeout)
        try:
            with _connect(address, deadline) as connection:
                if protocol == STARTTLS:
                    _open_stream(connection, domain, deadline)
                return _shake_hands(connection, protocol, domain, deadline)
        except TimeoutError:
            raise NetworkError(f"{address} did not answer within {timeout:g} s", code="probe-timeout") from None
        except ssl.SSLError as error:
            raise NetworkError(f"{address}: TLS failed: {error.reason or error}", code="no-tls") from None
        except OSError as error:
            raise NetworkError(f"{address}: {error.strerror or error}", code="unreachable") from None
        except (ValueError, OverflowError) as error:  # a name or port that no handshake can be done with
            raise NetworkError(f"{address}, {domain!r}: {error}", code="unreachable") from None


class _Deadline:
    """The moment by which all must be done."""

    def __init__(self, clock: Clock, timeout: float) -> None:
        self._clock = clock
        self._end = clock.monotonic() + timeout

    def left(self) -> float:
        """Give the seconds left.

        Raises:
            TimeoutError: none are.
        """
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def parse_address(address: str) -> tuple[str, int]:
    """Give host and port of ``host:port`` or ``[address]:port``.

    Raises:
        NetworkError: ``unreachable``, it is no such text.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdecimal():
        raise NetworkError(f"{address!r} is no host:port", code="unreachable", hint="write host:port or [address]:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _connect(address: str, deadline: _Deadline) -> socket.socket:
    return socket.create_connection(parse_address(address), timeout=deadline.left())


def _open_stream(connection: socket.socket, domain: str, deadline: _Deadline) -> None:
    opening = Opening(domain)
    connection.sendall(opening.header())
    step = Step.READ
    while step is not Step.BEGIN_TLS:
        connection.settimeout(deadline.left())
        step = opening.receive_data(connection.recv(_RECEIVE))
        if step is Step.ASK:
            connection.sendall(Opening.REQUEST)


def _shake_hands(connection: socket.socket, protocol: str, domain: str, deadline: _Deadline) -> Served:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = TlsSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # what is served is asked, not whether it is good
    context.verify_mode = ssl.CERT_NONE
    if protocol == DIRECT_TLS:
        context.set_alpn_protocols([ALPN_XMPP_SERVER])
    connection.settimeout(deadline.left())
    with context.wrap_socket(connection, server_hostname=domain) as channel:
        served = _describe(channel)
        channel.settimeout(0)
        with contextlib.suppress(OSError):
            channel.unwrap()  # says goodbye (close_notify) without waiting for the answer
        return served


def _describe(channel: ssl.SSLSocket) -> Served:
    leaf = channel.getpeercert(binary_form=True)
    if leaf is None:
        raise NetworkError("the listener presented no certificate", code="no-tls")
    return Served(
        certificates=_chain(channel) or (leaf,),
        fingerprint_sha256=hashlib.sha256(leaf).hexdigest(),
        serial=_serial_hex(leaf),
        tls_version=channel.version() or "",
    )


def _chain(channel: ssl.SSLSocket) -> tuple[bytes, ...]:
    """Give what was presented, leaf first, or nothing where this Python cannot tell.

    From 3.13 the socket has a public call for it and gives DER; before, only the object below has it and gives objects.
    """
    for source in (channel, getattr(channel, "_sslobj", None)):
        ask = getattr(source, "get_unverified_chain", None)
        if ask is not None:
            presented = ask() or ()
            return tuple(
                entry if isinstance(entry, bytes) else entry.public_bytes(_ENCODING_DER) for entry in presented
            )
    return ()


def _serial_hex(leaf: bytes) -> str:
    from cryptography import x509  # noqa: PLC0415  # whoever probes usually has it loaded

    try:
        return f"{x509.load_der_x509_certificate(leaf).serial_number:x}"
    except (ValueError, x509.InvalidVersion) as error:
        raise NetworkError(f"what the listener presented is no certificate: {error}", code="no-tls") from None
