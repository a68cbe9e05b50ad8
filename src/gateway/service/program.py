"""``edgecert-gateway serve``: the process around the gateway."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cryptography.hazmat.backends import default_backend

from edgecert.shared import sdnotify
from edgecert.shared.clock import SystemClock
from edgecert.shared.errors import EdgecertError, ExitCode
from gateway.net.resolver import load_backend
from gateway.service.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)


def run(settings: GatewaySettings, *, reread: Callable[[], GatewaySettings] | None = None) -> int:
    """Serve until SIGTERM or SIGINT and give the exit code; ``reread`` gives the settings anew at SIGHUP.

    Raises:
        EdgecertError: it could not start: an address in use, a socket file in use, roots that cannot be read.
    """
    with asyncio.Runner(loop_factory=_loop_factory(settings.gateway.event_loop)) as runner:
        runner.run(_serve(settings, reread))
    return int(ExitCode.OK)


def _loop_factory(choice: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if choice == "asyncio" or (choice == "auto" and find_spec("uvloop") is None):
        return None
    import uvloop  # noqa: PLC0415  # an extra

    return uvloop.new_event_loop


async def _serve(settings: GatewaySettings, reread: Callable[[], GatewaySettings] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with Gateway(settings, reread=reread).running() as gateway, asyncio.TaskGroup() as group:
            hangup = asyncio.Event()
            loop.add_signal_handler(signal.SIGHUP, hangup.set)
            tasks = [group.create_task(_reload_at(hangup, gateway), name="reload at SIGHUP")]
            interval = sdnotify.watchdog_interval(os.environ, os.getpid())
            if interval is not None:
                tasks.append(group.create_task(_show_life(interval), name="watchdog"))
            _import_all()
            # What is there now stays: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            _tell_ready(gateway)
            await stop.wait()
            sdnotify.notify(sdnotify.STOPPING, os.environ)
            logger.info("stopping")
            for task in tasks:
                task.cancel()
    except* EdgecertError as group_error:
        raise _first(group_error) from None


def _import_all() -> None:
    """Load what libraries load at its first use: no handshake, look-up or push shall wait for a disk."""
    default_backend()
    load_backend()


def _first(error: BaseExceptionGroup[EdgecertError]) -> EdgecertError:
    for each in error.exceptions:
        return _first(each) if isinstance(each, BaseExceptionGroup) else each
    return EdgecertError(str(error))


def _tell_ready(gateway: Gateway) -> None:
    bound = ", ".join(f"{item.address} ({item.protocol})" for item in gateway.listeners)
    metas = [bundle.meta for bundle in gateway.certificates.serving]
    serving = ", ".join(f"{meta.name} {meta.generation}" for meta in metas) or "none yet"
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    logger.info("serving", extra={"listeners": bound, "certificates": serving, "event_loop": loop})
    for reason in gateway.certificates.reasons():
        logger.warning(reason)
    sdnotify.notify(f"{sdnotify.READY}\n{sdnotify.status(f'certificates: {serving}')}", os.environ)


async def _reload_at(hangup: asyncio.Event, gateway: Gateway) -> None:
    while True:
        await hangup.wait()
        hangup.clear()
        sdnotify.notify(sdnotify.reloading(SystemClock()), os.environ)
        try:
            await gateway.reload()
        except EdgecertError as error:
            logger.error("not reloaded, everything is as it was", extra={"why": error.message})
        sdnotify.notify(sdnotify.READY, os.environ)


async def _show_life(interval: float) -> None:
    while True:
        sdnotify.notify(sdnotify.WATCHDOG, os.environ)
        await asyncio.sleep(interval)
