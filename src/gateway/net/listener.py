"""Listening sockets: bound before anything is announced, closed before anything is shut down."""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import NetworkError, PermissionDeniedError
from gateway.net.targets import parse_host_port

if TYPE_CHECKING:
    from collections.abc import Callable

BACKLOG: Final = 1024  # a short one makes peers wait a second for their next SYN


@dataclass(slots=True)
class Listener:
    """One address that accepts connections; ``address`` has the port that was really bound."""

    address: str
    protocol: str
    _servers: list[asyncio.Server] = field(default_factory=list, repr=False)

    @classmethod
    async def open(cls, address: str, protocol: str, factory: Callable[[], asyncio.BaseProtocol]) -> Listener:
        """Bind ``address`` (``host:port``) and accept connections from now on.

        Raises:
            NetworkError: code ``address-in-use`` or ``address-unusable``.
            PermissionDeniedError: code ``address-forbidden``: a port below 1024 without the right to it.
        """
        try:
            host, port = parse_host_port(address)
            sock = _bind(host, port)
        except ValueError as error:
            raise NetworkError(f"cannot listen on {address}: {error}", code="address-unusable") from error
        except OSError as error:
            raise _explain(address, error) from error
        try:
            server = await asyncio.get_running_loop().create_server(factory, sock=sock, backlog=BACKLOG)
        except OSError as error:
            sock.close()
            raise _explain(address, error) from error
        bound = sock.getsockname()
        shown = f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"
        return cls(shown, protocol, [server])

    def close(self) -> None:
        """Accept no more; open connections live on."""
        for server in self._servers:
            server.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _explain(address: str, error: OSError) -> NetworkError | PermissionDeniedError:
    if error.errno == errno.EACCES:
        hint = "give the service CAP_NET_BIND_SERVICE, or use a port from 1024"
        return PermissionDeniedError(f"may not listen on {address}", code="address-forbidden", hint=hint)
    if error.errno == errno.EADDRINUSE:
        hint = f"another program listens there: ss -ltnp 'sport = :{address.rpartition(':')[2]}' shows which"
        return NetworkError(f"cannot listen on {address}: it is in use", code="address-in-use", hint=hint)
    return NetworkError(f"cannot listen on {address}: {error.strerror or error}", code="address-unusable")
