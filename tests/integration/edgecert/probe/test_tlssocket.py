"""A peer that resets the connection before the handshake leaves no descriptor open."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct

import pytest

from edgecert.probe.tlssocket import TlsSocket


def _reset(listener: socket.socket) -> socket.socket:
    """Give the accepted end of a connection that its client has reset."""
    client = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    client.sendall(b"\x16\x03\x01")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    accepted.settimeout(30)
    with contextlib.suppress(ConnectionResetError):
        while accepted.recv(1):
            pass
    return accepted


@pytest.mark.parametrize("server_side", [True, False])
def test_a_reset_connection_is_closed(server_side: bool) -> None:
    protocol = ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(protocol)
    context.sslsocket_class = TlsSocket
    context.check_hostname = False
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = _reset(listener)
        descriptor = accepted.fileno()
        held = pytest.raises(ConnectionResetError)
        with held as raised:
            context.wrap_socket(accepted, server_side=server_side)
        assert raised.value.__traceback__ is not None  # the socket's frame is still alive: nobody collected it
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
