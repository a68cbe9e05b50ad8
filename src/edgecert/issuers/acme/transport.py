"""HTTPS to an ACME server: connections kept open and shared by threads, every wait bounded."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from edgecert.shared.errors import NetworkError
from edgecert.shared.overriding import override
from edgecert.shared.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT: Final = 30.0
LARGEST_BODY: Final = 1024 * 1024
# X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED.
_OUT_OF_DATE: Final = frozenset({9, 10})
_CHUNK: Final = 65536
_STALE: Final = (http.client.RemoteDisconnected, http.client.CannotSendRequest, ConnectionResetError, BrokenPipeError)


@dataclass(frozen=True, slots=True)
class Response:
    """What the server answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Transport(Protocol):
    """What carries requests to the server; used by several threads at once."""

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """Send one request and give its answer, whatever its status.

        Raises:
            NetworkError: there was no answer: ``acme-unreachable``, ``acme-tls``, ``acme-malformed``.
        """
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class HttpsTransport(Transport):
    """Speaks HTTP/1.1 over TLS, and trusts the system's CAs or those in one file."""

    def __init__(self, ca_file: Path | None = None, *, timeout: float = TIMEOUT) -> None:
        """Trust ``ca_file`` alone if there is one; wait ``timeout`` seconds for each answer."""
        self._ca_file = ca_file
        self._timeout = timeout
        self._idle: dict[str, list[http.client.HTTPSConnection]] = {}
        self._lock = threading.Lock()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        # Made by whoever sends first, which may be a thread beside the main one: the system's CAs take a while to read.
        try:
            return ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        except OSError as error:  # ssl.SSLError is one
            message = f"the CA file {self._ca_file} for the ACME directory cannot be used: {error.strerror or error}"
            raise NetworkError(message, code="acme-tls", hint="directory_ca_file takes PEM certificates") from error

    @override
    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """Send one request; a kept connection that the server has closed meanwhile is replaced by a new one.

        Raises:
            NetworkError: as promised, and ``acme-tls`` when the CA file cannot be used.
        """
        try:
            parts = urlsplit(url)
        except ValueError:  # a bracket without its fellow
            parts = urlsplit("")
        if parts.scheme != "https" or not parts.hostname:
            raise NetworkError(f"the ACME server named {url!r}, which is no https URL", code="acme-malformed")
        target = parts._replace(scheme="", netloc="").geturl() or "/"
        sent = {"User-Agent": f"edgecert/{VERSION}", **headers}
        try:
            while (kept := self._take(parts.netloc)) is not None:
                try:
                    return self._exchange(kept, parts.netloc, method, target, sent, body)
                except _STALE:
                    kept.close()
            fresh = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=self._timeout, context=self._context
            )
            return self._exchange(fresh, parts.netloc, method, target, sent, body)
        except ssl.SSLCertVerificationError as error:
            message = f"the certificate of {parts.netloc} is not trusted: {error.verify_message}"
            hint = "for a private CA name its root with [issuer] directory_ca_file"
            if error.verify_code in _OUT_OF_DATE:
                hint = "is this host's clock right? See timedatectl"
            raise NetworkError(message, code="acme-tls", hint=hint) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            message = f"no answer from {parts.netloc}: {error or type(error).__name__}"
            raise NetworkError(message, code="acme-unreachable", hint="see whether this host reaches the CA") from error

    def _exchange(  # one request, as HTTP has it
        self,
        connection: http.client.HTTPSConnection,
        place: str,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Response:
        try:
            connection.request(method, target, body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            data = self._read(answer)
        except BaseException:
            connection.close()
            raise
        response = Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, data)
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.setdefault(place, []).append(connection)
        return response

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        """Read the body; a server that sends too much, or drop by drop, does not keep us."""
        end = time.monotonic() + self._timeout
        chunks: list[bytes] = []
        size = 0
        while chunk := answer.read1(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_BODY or time.monotonic() > end:
                raise TimeoutError("the answer does not end")
        if answer.length:
            raise http.client.IncompleteRead(b"".join(chunks), answer.length)
        answer.read()  # read1 leaves the exchange open when all has come
        return b"".join(chunks)

    def _take(self, place: str) -> http.client.HTTPSConnection | None:
        with self._lock:
            idle = self._idle.get(place)
            return idle.pop() if idle else None

    @override
    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            kept = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in kept:
            connection.close()
