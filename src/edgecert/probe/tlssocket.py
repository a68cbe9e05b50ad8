"""A TLS socket that leaves nothing open when the peer has reset the connection before the handshake."""

from __future__ import annotations

import errno
import ssl
from typing import Any

from edgecert.shared.overriding import override


class TlsSocket(ssl.SSLSocket):
    """What ``ssl.SSLContext.sslsocket_class`` is set to.

    ``wrap_socket`` takes the descriptor over and, where the connection turns out to be gone, raises without closing
    it: it stays open until the collector comes by, with a ``ResourceWarning``.
    """

    @override
    def getpeername(self) -> Any:  # the type that the standard library gives it
        """Give the peer's address.

        Raises:
            ConnectionResetError: there is no peer any more; the socket is closed.
        """
        try:
            return super().getpeername()
        except OSError as error:
            self.close()
            raise ConnectionResetError(errno.ECONNRESET, "the peer has reset the connection") from error
