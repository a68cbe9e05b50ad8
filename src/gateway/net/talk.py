"""An echo component that also talks: it sends messages to another echo and counts the answers.

It is how an administrator sees that a federation carries messages both ways, and how many get lost while something is
changed: a certificate swapped, a gateway restarted.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slixmpp import JID
from slixmpp.exceptions import IqError, IqTimeout
from typing_extensions import override

from edgecert.shared.errors import NetworkError
from gateway.net.echo import Echo, serve_component

if TYPE_CHECKING:
    from typing import TextIO

    from slixmpp.stanza import Message

    from edgecert.shared.secret import Secret

REPORT_INTERVAL: Final = 1.0
FIRST_ANSWER: Final = 30.0
PING_TIMEOUT: Final = 2.0
LAST_ANSWERS: Final = 10.0
MOST_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Talk:
    """To whom, how many a second, and how many in all (0: until told to stop)."""

    to: str
    rate: float
    count: int = 0


class Talker(Echo):
    """Sends numbered messages in a thread of its own each; an answer is known by its thread (RFC 6121, 5.2.5)."""

    def __init__(self, jid: str, secret: Secret, host: str, port: int, talk: Talk) -> None:
        """Prepare to be the component ``jid`` of the gateway at ``host`` and ``port``."""
        super().__init__(jid, secret, host, port)
        self.talk = talk
        self.sent = 0
        self.received = 0
        self.errors = 0
        self.refusal = ""
        """The condition with which the other side answered the last ping, if it was an error."""
        self._waiting: set[str] = set()
        self._mark = secrets.token_hex(4)
        self.add_event_handler("message", self._count_answer)
        self.add_event_handler("message_error", self._count_error)

    @property
    def outstanding(self) -> int:
        """How many messages have no answer yet."""
        return len(self._waiting)

    @override
    def is_own(self, message: Message) -> bool:
        """Whether ``message`` belongs to a thread that this talker began; such are counted, never answered."""
        return str(message["thread"]).startswith(self._mark)

    def say(self) -> None:
        """Send the next message."""
        self.sent += 1
        thread = f"{self._mark}-{self.sent}"
        self._waiting.add(thread)
        message = self.make_message(
            self.talk.to, f"message {self.sent}", mtype="chat", mfrom=f"echo@{self.boundjid.bare}"
        )
        message["thread"] = message["id"] = thread
        message.send()

    async def reach(self) -> bool:
        """Ping until the other side answers (XEP-0199); give whether it did within half a minute."""
        loop = asyncio.get_running_loop()
        end = loop.time() + FIRST_ANSWER
        while loop.time() < end:
            try:
                await self.plugin["xep_0199"].send_ping(
                    JID(self.talk.to), ifrom=JID(f"echo@{self.boundjid.bare}"), timeout=PING_TIMEOUT
                )
            except IqTimeout:
                continue
            except IqError as error:
                self.refusal = str(error.condition)
                await asyncio.sleep(PING_TIMEOUT / 4)
            else:
                return True
        return False

    def _count_answer(self, message: Message) -> None:
        thread = str(message["thread"])
        if thread in self._waiting:
            self._waiting.discard(thread)
            self.received += 1

    def _count_error(self, message: Message) -> None:
        # RFC 6120, section 8.3.1: an error has the id of what it answers; the thread need not come back.
        if message["id"] in self._waiting:
            self._waiting.discard(message["id"])
            self.errors += 1

    def report(self, *, finished: bool) -> str:
        """Give what was counted as a line of JSON."""
        return json.dumps(
            {
                "sent": self.sent,
                "received": self.received,
                "errors": self.errors,
                "unanswered": sorted(int(thread.rpartition("-")[2]) for thread in self._waiting)[:MOST_LISTED],
                "finished": finished,
            }
        )


def run_talk(jid: str, secret: Secret, host: str, port: int, talk: Talk, out: TextIO) -> bool:
    """Be the component ``jid`` and talk; a line of counts goes to ``out`` each second. Give whether all was answered.

    SIGUSR1 ends the talking: what is still on its way is waited for, then the last line says ``"finished": true``.
    SIGTERM and SIGINT end everything.

    Raises:
        AddressError: ``jid`` is no domain.
        NetworkError: within half a minute the gateway was not reached (``not-connected``), or the other side did not
            answer (``no-answer``).
    """
    with asyncio.Runner() as runner:
        return runner.run(_talk(Talker(jid, secret, host, port, talk), out))


async def _talk(talker: Talker, out: TextIO) -> bool:
    stop, quiet, connected = asyncio.Event(), asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, quiet.set)
    talker.add_event_handler("session_start", lambda _: connected.set())

    async def talk() -> None:
        await connected.wait()
        await say_all(talker, quiet, out)
        if talker.talk.count:
            stop.set()

    try:
        async with asyncio.TaskGroup() as group:
            talking = group.create_task(talk(), name="talk")
            await serve_component(talker, stop)
            talking.cancel()
    except BaseExceptionGroup as faults:
        # One of the two failed and the other was cancelled for it: the fault is what the person must read.
        raise faults.exceptions[0] from None
    return talker.received == talker.sent


async def say_all(talker: Talker, quiet: asyncio.Event, out: TextIO) -> None:
    """Reach the other side, say all there is to say until ``quiet`` is set, wait for the last answers, and count.

    Raises:
        NetworkError: code ``no-answer``: nobody answered the ping within half a minute.
    """
    if not await talker.reach():
        refusal = f"; its side says {talker.refusal}" if talker.refusal else ""
        message = f"{talker.talk.to} does not answer{refusal}"
        hint = "edgecert-gateway status tells the state of its domain; is an echo running there?"
        raise NetworkError(message, code="no-answer", hint=hint)
    loop = asyncio.get_running_loop()
    started = reported = loop.time()
    while not quiet.is_set() and (not talker.talk.count or talker.sent < talker.talk.count):
        talker.say()
        if loop.time() - reported >= REPORT_INTERVAL:
            reported = loop.time()
            _write(out, talker.report(finished=False))
        await asyncio.sleep(max(0.0, started + talker.sent / talker.talk.rate - loop.time()))
    end = loop.time() + LAST_ANSWERS
    while talker.outstanding and loop.time() < end:  # noqa: ASYNC110  # answers are counted one by one, none is last
        await asyncio.sleep(0.05)
    _write(out, talker.report(finished=True))


def _write(out: TextIO, line: str) -> None:
    out.write(line + "\n")
    out.flush()
