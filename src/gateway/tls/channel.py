"""TLS between bytes and bytes: no socket, no waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.x509 import InvalidVersion
from OpenSSL import SSL

from edgecert.shared.errors import EdgecertError, MaterialError
from gateway.tls.context import ALPN
from gateway.tls.identity import PeerCertificateError, PeerFault

if TYPE_CHECKING:
    from cryptography import x509

    from edgecert.shared.bundle import BundleMeta
    from gateway.tls.context import TlsContexts

_RECORD: Final = 16384  # RFC 8446 §5.1: the most plaintext of one record; larger reads gain nothing


class TlsFailedError(EdgecertError):
    """The TLS connection cannot go on; ``reason`` is OpenSSL's, shortened to what a log line needs."""

    code = "tls-failed"

    def __init__(self, reason: str) -> None:
        """Keep ``reason``."""
        super().__init__(f"TLS failed: {reason}")
        self.reason = reason


class TlsChannel:
    """One TLS connection. Ciphertext goes in by :meth:`receive_data` and comes out by :meth:`data_to_send`.

    The contexts it began with are its own until it ends, whatever is swapped meanwhile. After :class:`TlsFailedError`
    only :meth:`data_to_send` (the alert) has a use.
    """

    __slots__ = ("_connection", "eof", "handshake_done")

    def __init__(self, connection: SSL.Connection) -> None:
        """Use :meth:`server` or :meth:`client`."""
        self._connection = connection
        self.handshake_done = False
        self.eof = False
        """Whether the peer has said that it sends no more (close_notify)."""

    @classmethod
    def server(cls, contexts: TlsContexts, domain: str | None, *, direct: bool = False) -> TlsChannel:
        """Begin as server: STARTTLS names the ``domain`` (the header's ``to``), in direct TLS the client does (SNI).

        Raises:
            MaterialError: code ``no-certificate``: there is nothing to present.
        """
        serving = contexts.find(domain)
        if serving is None:
            raise MaterialError("there is no certificate in service", code="no-certificate")
        connection = SSL.Connection(serving.direct if direct else serving.starttls, None)
        connection.set_accept_state()
        return cls(connection)

    @classmethod
    def client(cls, contexts: TlsContexts, home: str, peer: str, *, direct: bool = False) -> TlsChannel:
        """Begin as client for our domain ``home`` towards ``peer``: that home's certificate, the peer's domain as SNI.

        Raises:
            MaterialError: code ``no-certificate``: there is nothing to present.
        """
        serving = contexts.find(home)
        if serving is None:
            raise MaterialError("there is no certificate in service", code="no-certificate")
        connection = SSL.Connection(serving.client, None)
        connection.set_tlsext_host_name(peer.encode("ascii"))
        if direct:
            connection.set_alpn_protos([ALPN])
        connection.set_connect_state()
        channel = cls(connection)
        channel._step_handshake()
        return channel

    def receive_data(self, ciphertext: bytes) -> None:
        """Take what came from the peer, and go on with the handshake while that is not done.

        Raises:
            TlsFailedError: the peer does not speak TLS as it must.
        """
        view = memoryview(ciphertext)
        while view:
            view = view[self._connection.bio_write(bytes(view)) :]
        if not self.handshake_done:
            self._step_handshake()

    def data_to_send(self) -> bytes:
        """Give the ciphertext that has to go to the peer now; empty when there is none."""
        parts: list[bytes] = []
        while True:
            try:
                parts.append(self._connection.bio_read(65536))
            except SSL.WantReadError:
                return b"".join(parts)

    def send(self, plaintext: bytes) -> None:
        """Encrypt ``plaintext``; join small pieces before the call, each call costs a record.

        Raises:
            TlsFailedError: the connection is no longer usable.
        """
        view = memoryview(plaintext)
        try:
            while view:
                view = view[self._connection.send(view) :]
        except SSL.Error as error:
            raise TlsFailedError(_reason(error)) from error

    def read(self, limit: int = 65536) -> bytes:
        """Give the plaintext that is there, about ``limit`` bytes at most; empty when there is none.

        Raises:
            TlsFailedError: what came is not a record of this connection.
        """
        if not self.handshake_done or self.eof:
            return b""
        parts: list[bytes] = []
        size = 0
        while size < limit:
            try:
                part = self._connection.recv(_RECORD)
            except SSL.WantReadError:
                break
            except SSL.ZeroReturnError:
                self.eof = True
                break
            except SSL.Error as error:
                raise TlsFailedError(_reason(error)) from error
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def shutdown(self) -> None:
        """Say close_notify; the bytes come out by :meth:`data_to_send`."""
        if self.handshake_done:
            try:
                self._connection.shutdown()
            except SSL.Error:
                self.eof = True

    @property
    def generation(self) -> tuple[str, int]:
        """Lineage and generation that this connection presents: after the handshake, what the server name led to."""
        meta: BundleMeta = self._connection.get_context().get_app_data()
        return meta.name, meta.generation

    @property
    def peer_chain(self) -> tuple[x509.Certificate, ...]:
        """What the peer presented, leaf first; empty if nothing.

        Raises:
            PeerCertificateError: OpenSSL has taken one that is no certificate of RFC 5280.
        """
        try:
            leaf = self._connection.get_peer_certificate(as_cryptography=True)
            if leaf is None:
                return ()
            # On the server side OpenSSL leaves the leaf out of the chain, on the client side it is in.
            chain = self._connection.get_peer_cert_chain(as_cryptography=True) or []
        except (ValueError, InvalidVersion) as error:
            raise PeerCertificateError(PeerFault.UNTRUSTED, f"a certificate is malformed: {error}") from error
        return (leaf, *(certificate for certificate in chain if certificate != leaf))

    @property
    def version(self) -> str:
        """``TLSv1.3`` or ``TLSv1.2``."""
        return self._connection.get_protocol_version_name()

    @property
    def cipher(self) -> str:
        """The cipher suite's name."""
        return self._connection.get_cipher_name() or ""

    @property
    def alpn(self) -> bytes:
        """The protocol agreed on by ALPN; empty if none."""
        return self._connection.get_alpn_proto_negotiated()

    def _step_handshake(self) -> None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error as error:
            raise TlsFailedError(_reason(error)) from error
        self.handshake_done = True


def _reason(error: SSL.Error) -> str:
    """Give OpenSSL's last word on what went wrong."""
    queue = error.args[0] if error.args else None
    if isinstance(queue, list) and queue:
        return str(queue[-1][-1]) or "unknown"
    return "the connection was cut" if isinstance(error, SSL.SysCallError | SSL.ZeroReturnError) else "unknown"
