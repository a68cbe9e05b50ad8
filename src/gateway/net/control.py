"""The control API: HTTP/1.1 with JSON on two UNIX sockets, and metrics on a TCP port where one is asked for.

``control`` (0600) takes every call, from the gateway's own user and root only, by the kernel's word. ``status`` (0660)
takes reading calls. What the calls do is the business of a :class:`ControlPlane`; here is only where they arrive.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from aiohttp import web
from typing_extensions import override

from edgecert.shared.control import MAX_BODY
from gateway.net.controlcalls import ControlCalls, answer_errors, verify_caller
from gateway.net.socketfile import SocketFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from gateway.net.controlplane import ControlPlane

CONNECTION_TIMEOUT: Final = 120.0
MAX_CONNECTIONS: Final = 64
CONTROL_MODE: Final = 0o600
STATUS_MODE: Final = 0o660


class ControlServer:
    """Listens on both sockets, and on a TCP port for ``/metrics`` and ``/health`` alone.

    ``metrics`` gives the text of ``/metrics``; ``metrics_listen`` is ``host:port``, or nothing.
    One call per connection; bodies up to 1 MiB, whole within ten seconds; 64 connections at once on each socket.
    """

    def __init__(
        self,
        plane: ControlPlane,
        control: Path,
        status: Path,
        *,
        metrics: Callable[[], bytes] = bytes,
        version: str = "",
        metrics_listen: str = "",
    ) -> None:
        """Prepare; nothing is opened before :meth:`start`."""
        self._calls = ControlCalls(plane, metrics, version)
        self._sockets = (SocketFile(control, CONTROL_MODE), SocketFile(status, STATUS_MODE))
        self._metrics_listen = metrics_listen
        self._runners: list[web.AppRunner] = []
        self._servers: list[asyncio.Server] = []
        self.metrics_address = ""

    async def start(self) -> None:
        """Open the sockets; calls are answered when this returns.

        Raises:
            LockedError: another gateway listens at one of the socket files.
            PermissionDeniedError: a socket cannot be made there.
        """
        control, status = self._sockets
        try:
            await self._serve_unix(control, self._application(changing=True))
            await self._serve_unix(status, self._application(changing=False))
            if self._metrics_listen:
                await self._serve_metrics()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop listening, end what is being answered, take the socket files away."""
        for server in self._servers:
            server.close()
        for file in self._sockets:
            file.close()
        for runner in self._runners:
            await runner.cleanup()
        self._servers.clear()
        self._runners.clear()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    def _application(self, *, changing: bool) -> web.Application:
        middlewares = [answer_errors, verify_caller] if changing else [answer_errors]
        application = web.Application(middlewares=middlewares, client_max_size=MAX_BODY)
        application.add_routes(self._calls.reading_routes() + (self._calls.changing_routes() if changing else []))
        return application

    async def _serve_unix(self, file: SocketFile, application: web.Application) -> None:
        factory = await self._factory(application)
        self._servers.append(await asyncio.get_running_loop().create_unix_server(factory, sock=file.open()))

    async def _serve_metrics(self) -> None:
        application = web.Application(middlewares=[answer_errors], client_max_size=MAX_BODY)
        application.add_routes(self._calls.health_routes())
        factory = await self._factory(application)
        host, _, port = self._metrics_listen.rpartition(":")
        server = await asyncio.get_running_loop().create_server(factory, host.strip("[]"), int(port))
        self._servers.append(server)
        address = server.sockets[0].getsockname()
        self.metrics_address = f"{host}:{address[1]}"

    async def _factory(self, application: web.Application) -> Callable[[], asyncio.BaseProtocol]:
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=5.0)
        self._runners.append(runner)
        await runner.setup()
        return _BoundedFactory(runner)


class _BoundedFactory:
    """Makes the protocol of each connection: a busy signal beyond the bound, and an end for those that never finish."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner

    def __call__(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        if server is None or len(server.connections) >= MAX_CONNECTIONS:
            return _Busy()
        protocol = server()
        asyncio.get_running_loop().call_later(CONNECTION_TIMEOUT, protocol.force_close)
        return protocol


class _Busy(asyncio.Protocol):
    """Closes at once: the client says that the gateway gave no answer."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
