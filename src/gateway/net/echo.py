"""A home system small enough to try an installation with: a component that answers every message with its own text."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Final

from slixmpp.componentxmpp import ComponentXMPP

from edgecert.shared.errors import NetworkError
from gateway.model.jid import Jid

if TYPE_CHECKING:
    from slixmpp.stanza import Message

    from edgecert.shared.secret import Secret

logger = logging.getLogger(__name__)

RETRY_DELAY: Final = 0.5
FIRST_WAIT: Final = 30.0


class Echo(ComponentXMPP):
    """Answers chat and normal messages that have a body; connects again when the gateway was away."""

    def __init__(self, jid: str, secret: Secret, host: str, port: int) -> None:
        """Prepare to be the component ``jid`` of the gateway at ``host`` and ``port``."""
        super().__init__(jid, secret.reveal().decode(), host, port)  # type: ignore[no-untyped-call]  # it says no types
        self.place = f"{host}:{port}"
        self.ending = False
        self.answered = 0
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        # The gateway's partners subscribe to whom they like; an echo has no roster to keep.
        self.auto_authorize = False
        self.auto_subscribe = False
        self.add_event_handler("message", self._answer)
        self.add_event_handler("session_start", self._tell_start)
        self.add_event_handler("disconnected", self._come_back)
        self.add_event_handler("connection_failed", self._come_back)

    def is_own(self, message: Message) -> bool:  # noqa: ARG002  # for those who do
        """Whether ``message`` answers one that this component sent by itself; an echo sends none."""
        return False

    def _answer(self, message: Message) -> None:
        if self.is_own(message):
            return
        if message["type"] in {"chat", "normal"} and message["body"]:
            message.reply(message["body"]).send()
            self.answered += 1

    def _tell_start(self, _: object) -> None:
        logger.info("echo connected", extra={"domain": self.boundjid.bare})

    def _come_back(self, _: object) -> None:
        """Try again soon; the library's own patience grows to minutes, which a person at a terminal does not have."""
        self.cancel_connection_attempt()
        if not self.ending:
            asyncio.get_running_loop().call_later(RETRY_DELAY, self.start)

    def start(self) -> None:
        """Connect, again and again until it works."""
        if not self.ending:
            self.connect().add_done_callback(_forget)


def run_echo(jid: str, secret: Secret, host: str, port: int) -> None:
    """Be the component ``jid`` until SIGTERM or SIGINT.

    Raises:
        AddressError: ``jid`` is no domain.
        NetworkError: code ``not-connected``: the gateway was not reached within half a minute.
    """
    Jid.parse(jid)
    with asyncio.Runner() as runner:
        runner.run(serve_echo(jid, secret, host, port))


async def serve_echo(jid: str, secret: Secret, host: str, port: int) -> None:
    """Be the component ``jid`` until SIGTERM or SIGINT, as :func:`run_echo`."""
    await serve_component(Echo(jid, secret, host, port), asyncio.Event())


async def serve_component(echo: Echo, stop: asyncio.Event) -> None:
    """Keep ``echo`` connected until ``stop`` is set, or SIGTERM or SIGINT sets it.

    Raises:
        NetworkError: code ``not-connected``: the gateway was not reached within half a minute.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    connected = asyncio.Event()
    echo.add_event_handler("session_start", lambda _: connected.set())
    echo.start()
    try:
        async with asyncio.timeout(FIRST_WAIT), asyncio.TaskGroup() as group:
            either = [
                group.create_task(stop.wait(), name="echo stop"),
                group.create_task(connected.wait(), name="echo connected"),
            ]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for task in either:
                task.cancel()
    except TimeoutError:
        echo.ending = True
        await echo.disconnect()
        message = f"the gateway at {echo.place} did not take {echo.boundjid.bare} as a component"
        hint = "is it running, is the domain a [[home]] with connector component, and is the secret the same?"
        raise NetworkError(message, code="not-connected", hint=hint) from None
    await stop.wait()
    echo.ending = True
    await echo.disconnect()


def _forget(attempt: asyncio.Future[object]) -> None:
    """Take note of how an attempt ended: events tell of it."""
    if not attempt.cancelled():
        attempt.exception()
