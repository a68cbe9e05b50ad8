"""tls-alpn-01 by an own TLS server that speaks nothing but ``acme-tls/1`` (RFC 8737, RFC 8738 §6)."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import struct
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from edgecert.challenges.listening import TIMEOUT, ShortServer
from edgecert.interfaces import ChallengeSolver
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.challenge import Challenge
    from edgecert.shared.clock import Clock

ALPN: Final = b"acme-tls/1"
ACME_IDENTIFIER: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
_LIFE: Final = timedelta(days=1)
_TIMEVAL: Final = struct.Struct("@ll")  # struct timeval of <sys/time.h>


class TlsAlpnSolver(ChallengeSolver):
    """Listens from the first challenge to the last, and shows for each name a certificate that carries its proof."""

    def __init__(self, listen: str, clock: Clock) -> None:
        """Listen on ``listen``: ``address:port``, an IPv6 address in brackets."""
        self._clock = clock
        self._contexts: dict[bytes, SSL.Context] = {}
        way_out = "use http-01 or dns-01: what serves TLS on that port cannot share it"
        self._server = ShortServer(listen, "tls-alpn-01", self._answer, way_out)

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """Show the proofs of ``challenges`` from now on.

        Raises:
            ChallengeError: ``listen-failed``.
            PermissionDeniedError: the port is one of those that only root may open.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        for challenge in challenges:
            certificate = build_proof(challenge, key, clock=self._clock)
            self._contexts[server_name(challenge)] = _build_context(certificate, key)
        self._server.open()

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Forget ``challenges``; with the last one the port is closed."""
        for challenge in challenges:
            self._contexts.pop(server_name(challenge), None)
        if not self._contexts:
            self._server.close()

    def _answer(self, plain: socket.socket) -> None:
        plain.setblocking(True)  # OpenSSL waits by itself; the kernel bounds each wait
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            plain.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL.pack(int(TIMEOUT), 0))
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)  # RFC 8737 §3
        context.set_tlsext_servername_callback(self._choose)
        connection = SSL.Connection(context, plain)
        connection.set_accept_state()
        try:
            connection.do_handshake()
            connection.shutdown()
        except SSL.Error:
            return  # a stranger, or a name that nobody proves now

    def _choose(self, connection: SSL.Connection) -> None:
        context = self._contexts.get((connection.get_servername() or b"").lower())
        if context is not None:
            connection.set_context(context)


def server_name(challenge: Challenge) -> bytes:
    """Give the SNI by which a CA asks for ``challenge``: the name, or an address in reverse (RFC 8738 §6)."""
    try:
        return ipaddress.ip_address(challenge.identifier).reverse_pointer.encode()
    except ValueError:
        return challenge.identifier.lower().encode()


def build_proof(challenge: Challenge, key: ec.EllipticCurvePrivateKey, *, clock: Clock) -> x509.Certificate:
    """Give the self-signed certificate that shows ``challenge``: one name and the digest, critical (RFC 8737 §3)."""
    try:
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(challenge.identifier))
    except ValueError:
        name = x509.DNSName(challenge.identifier)
    digest = hashlib.sha256(challenge.value.encode()).digest()
    subject = x509.Name([])
    now = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .add_extension(x509.UnrecognizedExtension(ACME_IDENTIFIER, b"\x04\x20" + digest), critical=True)
        .sign(key, hashes.SHA256())
    )


def _build_context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(certificate)
    context.use_privatekey(key)
    context.set_alpn_select_callback(_select)  # the context that the server name leads to is the one that is asked
    return context


def _select(_: SSL.Connection, offered: list[bytes]) -> bytes | SSL._NoOverlappingProtocols:
    return ALPN if ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS
