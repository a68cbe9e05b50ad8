"""How the tests' ACME server looks at names: in what a test's solver published, or over the network."""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import dns.resolver
from cryptography import x509
from typing_extensions import override

from edgecert.interfaces import ChallengeSolver
from edgecert.probe.tlssocket import TlsSocket
from tests.support.acmejose import b64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.challenge import Challenge

_TIMEOUT: Final = 10.0
_ACME_IDENTIFIER: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


class Looking(Protocol):
    """Looks for one challenge."""

    def look(self, kind: str, identifier: str, token: str, key_authorization: str) -> bool:
        """Whether ``identifier`` shows what the challenge wants. Never raises for what is or is not there."""
        ...


class MemorySolver(ChallengeSolver):
    """Publishes into a set that the server looks at."""

    def __init__(self) -> None:
        """Begin with nothing published."""
        self.published: set[Challenge] = set()
        self.ever: list[Challenge] = []
        self.cleaned: list[Challenge] = []
        self.fault_in_present: BaseException | None = None
        self.fault_in_clean_up: BaseException | None = None

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        if self.fault_in_present:
            raise self.fault_in_present
        self.published |= set(challenges)
        self.ever += challenges

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        if self.fault_in_clean_up:
            raise self.fault_in_clean_up
        self.cleaned += challenges
        self.published -= set(challenges)

    def look(self, kind: str, identifier: str, token: str, key_authorization: str) -> bool:
        """Implement :class:`Looking`."""
        value = digest_of(key_authorization) if kind == "dns-01" else key_authorization
        seen = {(entry.identifier, entry.type, entry.token, entry.value) for entry in self.published}
        return (identifier, kind, token, value) in seen


@dataclass
class NetworkLooking:
    """Looks as a CA does, but every name leads to one host of the test's."""

    edge: str
    http_port: int = 5002
    tls_port: int = 5001
    nameserver: tuple[str, int] | None = None

    def look(self, kind: str, identifier: str, token: str, key_authorization: str) -> bool:
        """Implement :class:`Looking`."""
        try:
            match kind:
                case "http-01":
                    return self._http(identifier, token).rstrip() == key_authorization.encode()
                case "dns-01":
                    return digest_of(key_authorization).encode() in self.texts(f"_acme-challenge.{identifier}")
                case "dns-persist-01":
                    return key_authorization.encode() in self.texts(f"_validation-persist.{identifier}")
                case "tls-alpn-01":
                    return self._tls(identifier, key_authorization)
                case _:
                    return False
        except (OSError, http.client.HTTPException):
            return False

    def _http(self, identifier: str, token: str) -> bytes:
        connection = http.client.HTTPConnection(self.edge, self.http_port, timeout=_TIMEOUT)
        try:
            host = f"[{identifier}]" if ":" in identifier else identifier
            connection.request("GET", f"/.well-known/acme-challenge/{token}", headers={"Host": host})
            answer = connection.getresponse()
            return answer.read() if answer.status == http.client.OK else b""
        finally:
            connection.close()

    def texts(self, name: str) -> set[bytes]:
        """Give the TXT records at ``name``."""
        if self.nameserver is None:
            return set()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.nameserver[0]], self.nameserver[1]
        try:
            answer = resolver.resolve(name, "TXT", lifetime=_TIMEOUT, search=False)
        except dns.exception.DNSException:
            return set()
        return {b"".join(record.strings) for record in answer}

    def _tls(self, identifier: str, key_authorization: str) -> bool:
        """Look at the certificate that is shown for the protocol ``acme-tls/1`` (RFC 8737 §3, RFC 8738 §6)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.sslsocket_class = TlsSocket
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["acme-tls/1"])
        name = identifier
        if ":" in identifier or identifier.replace(".", "").isdigit():
            name = ipaddress.ip_address(identifier).reverse_pointer
        with (
            socket.create_connection((self.edge, self.tls_port), _TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=name) as channel,
        ):
            if channel.selected_alpn_protocol() != "acme-tls/1":
                return False
            shown = x509.load_der_x509_certificate(channel.getpeercert(binary_form=True) or b"")
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        proof = shown.extensions.get_extension_for_oid(_ACME_IDENTIFIER)
        wanted = b"\x04\x20" + hashlib.sha256(key_authorization.encode()).digest()
        value = proof.value
        if not isinstance(value, x509.UnrecognizedExtension):
            return False
        return proof.critical and value.value == wanted and [str(entry.value) for entry in names] == [identifier]


def digest_of(key_authorization: str) -> str:
    """Give the text of a dns-01 record (RFC 8555 §8.4)."""
    return b64(hashlib.sha256(key_authorization.encode()).digest())
