"""The way to one partner domain from one home domain: a queue, a stream, and patience after failures.

Each stanza ends once: sent, acknowledged, bounced or expired. Order is kept. See ``docs/explanation/queues.md``.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from gateway.errors import Condition, StanzaCondition
from gateway.model.queued import KEPT_FOR, QueuedStanza, is_answerable, is_lasting
from gateway.net.backoff import BackOff
from gateway.net.connection import WRITE_HIGH
from gateway.net.dialler import Dialler, condition_of, is_outage, unforeseen
from gateway.net.outbound import OutboundConnection, StreamFailedError, StreamFailure
from gateway.net.shelving import Shelving
from gateway.net.waiting import Stall, Tail, WaitingRoom

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from gateway.model.envelope import Envelope
    from gateway.model.queued import Backlog
    from gateway.net.bidi import Carrier
    from gateway.net.dialler import Dialling, PairOwner
    from gateway.xmpp.configs import OutboundConfig

logger = logging.getLogger(__name__)

DOWN_AFTER: Final = 5.0
STUCK_AFTER: Final = 60.0


class OutboundPair:
    """Stanzas from ``home`` to ``domain``."""

    def __init__(self, owner: PairOwner, dialling: Dialling, home: str, domain: str) -> None:
        """Wait for the first stanza."""
        self.home = home
        self.domain = domain
        self.connection: Carrier | None = None
        self.failure: StreamFailure | None = None
        """Why the last attempt failed; None after one that did not."""
        self.room = WaitingRoom(dialling.totals)
        self.back_off = BackOff(dialling.clock, dialling.random)
        self._owner = owner
        self._dialling = dialling
        self._metrics = dialling.metrics
        self._clock = dialling.clock
        self._dialler = Dialler(self, owner.find_partner, dialling, self._make_connection)
        self._shelving = Shelving(self, dialling.shelf, dialling.clock)
        self._tails: dict[Carrier, Tail] = {}
        self._is_dialling = False
        self._down_since: float | None = None
        self._leaving = False
        self._sent = self._accepted = 0
        self._stall = Stall()

    # --- what is seen of it

    @property
    def state(self) -> str:
        """``open``, ``connecting``, ``failed`` or ``idle``."""
        if self.connection is not None:
            return "open"
        if self._is_dialling:
            return "connecting"
        return "failed" if self.failure is not None else "idle"

    @property
    def queued(self) -> int:
        """How many stanzas wait, in memory and on disk."""
        return len(self.room)

    @property
    def unacknowledged(self) -> int:
        """How many stanzas were sent and may still come back into the queue."""
        return sum(len(tail) for tail in self._tails.values())

    @property
    def unacknowledged_in_memory(self) -> int:
        """How many of these are not on disk."""
        return sum(not stanza.number for tail in self._tails.values() for stanza in tail)

    @property
    def empty(self) -> bool:
        """Whether nothing would be lost with it."""
        return not len(self.room) and not self.room.on_disk and not self.unacknowledged and not self._shelving.busy

    @property
    def is_down(self) -> bool:
        """Whether there has been no stream for so long that what waits belongs on disk."""
        return self._down_since is not None and self._clock.monotonic() - self._down_since > DOWN_AFTER

    @property
    def can_send(self) -> bool:
        """Whether a stanza can be handed to the stream now."""
        connection = self.connection
        return (
            connection is not None and connection.usable and not connection.congested and self._has_credit(connection)
        )

    # --- stanzas

    def send(self, envelope: Envelope) -> None:
        """Send ``envelope`` as soon as that is possible, or have it answered with the reason why it is not."""
        self._metrics.entered("stanza")
        connection = self.connection
        if connection is not None and not len(self.room) and self.can_send:
            self._hand_over(connection, self._stamped(envelope))
            return
        stanza = self._stamped(envelope)
        if connection is None and not self._is_dialling and self._must_not_wait(envelope):
            self._bounce_for(stanza)
        elif not self.room.has_room(stanza.size):
            self.bounce(stanza, StanzaCondition.RESOURCE_CONSTRAINT, f"too much waits for {self.domain}")
        else:
            self.room.put(stanza)
            if connection is None:
                self.dial_if_due()
            if self.is_down:
                self._shelving.wake()

    def bounce(self, stanza: QueuedStanza, condition: StanzaCondition, text: str, outcome: str = "bounced") -> None:
        """Answer ``stanza``, which was taken out of the queue, with an error; it has ended."""
        self.room.finish(stanza)
        self._metrics.settled(outcome if is_answerable(stanza.envelope) else "discarded")
        self._owner.bounce(stanza.envelope, condition, text)

    def expire(self, stanza: QueuedStanza) -> None:
        """Answer ``stanza``, which waited in vain."""
        self.bounce(stanza, condition_of(self.failure), f"{self.domain} was not reached in time", "expired")

    def give_up(self, condition: StanzaCondition, text: str) -> None:
        """Answer everything that waits, on disk too, with ``condition``."""
        for stanza in self.room.take_fresh(lambda _stanza: True):
            self.bounce(stanza, condition, text)
        self._shelving.give_up(condition, text)

    def restore(self, backlog: Backlog, *, is_wanted: bool = True) -> None:
        """Take over what an earlier run left on disk, to be sent, or else to be answered."""
        self.room.opened(backlog)
        self._down_since = self._clock.monotonic()
        self._metrics.entered("disk", backlog.stanzas)
        if not is_wanted:
            self.give_up(StanzaCondition.NOT_ALLOWED, f"{self.home} and {self.domain} do not federate any more")
        self.dial_if_due()

    # --- life

    def keep(self) -> None:
        """Do what time asks for: end what takes nothing, try again, put on disk, expire."""
        if self.connection is not None:
            self._look_for_progress(self.connection)
        if not self.can_send and len(self.room):
            now = self._clock.now()
            for stanza in self.room.take_fresh(lambda each: each.expires_at <= now):
                self.expire(stanza)
            self.dial_if_due()
        self._shelving.retry()

    def dial_if_due(self) -> None:
        """Open a stream for what waits, unless the last attempt failed a moment ago."""
        if len(self.room) and self.connection is None and self.back_off.is_over and not self._shelving.is_given_up:
            self._dial()

    def clear_back_off(self) -> None:
        """Try again at once: the partner was heard of."""
        self.back_off.clear()
        if self.failure is not None:
            self._dialling.connector.forget(self.domain)
        self.dial_if_due()

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """End the stream, if there is one, in good order; the next stanza opens another."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close(condition, text)
            self.dial_if_due()

    def renew(self) -> None:
        """Open another stream and move to it; the old one carries what comes meanwhile, then closes in good order."""
        if self.connection is not None:
            self._dial()

    def leave(self) -> None:
        """Say goodbye because the gateway ends: what can wait is for the next run, everything else is answered now."""
        self._leaving = True
        self._answer_what_cannot_wait()
        self.close()

    def _answer_what_cannot_wait(self) -> None:
        for stanza in self.room.take_fresh(lambda each: not self.may_keep(each)):
            self.bounce(stanza, StanzaCondition.REMOTE_SERVER_TIMEOUT, "the gateway is shutting down")

    async def put_away(self) -> None:
        """Put on disk what is left, when all streams have ended."""
        for connection in tuple(self._tails):
            self._settle_tail(connection)
        self.unload()
        self._answer_what_cannot_wait()
        await self._shelving.put_away()

    def may_keep(self, stanza: QueuedStanza) -> bool:
        """Whether ``stanza`` may outlive an outage: by its kind, and by the partner's setting."""
        partner = self._owner.find_partner(self.domain)
        return partner is not None and partner.queue_persist and is_lasting(stanza.envelope)

    @property
    def may_bounce(self) -> bool:
        """Whether a bounce would arrive."""
        return self._owner.reaches_home(self.home)

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        """Run ``work`` as a task of the service."""
        self._owner.spawn(work, f"{name} {self.home} {self.domain}")

    # --- what the stream tells

    def outbound_lost(self, connection: Carrier) -> None:
        """Take note that the stream takes no more stanzas; what waits opens another one."""
        if connection.authenticated:
            self._owner.outbound_closed(connection)
        self._settle_tail(connection)
        if self.connection is connection:
            self.connection = None
            self.unload()
            self._note_down()
            if not self._leaving:
                self.dial_if_due()
        elif self.connection is not None and len(self.room):
            self.drain()  # what the older stream gave back

    def outbound_writable(self, connection: Carrier) -> None:
        """Go on with what waits."""
        if self.connection is connection:
            self.drain()

    def outbound_acknowledged(self, connection: Carrier, count: int) -> None:
        """Take note that the partner has ``count`` more of the stanzas that it was sent (XEP-0198 §4)."""
        tail = self._tails.get(connection)
        for _ in range(min(count, len(tail or ()))):
            if tail:
                self._end(tail.popleft(), "acknowledged")
        if self.connection is connection and len(self.room):
            self.drain()

    # --- dialling

    def _dial(self) -> None:
        if not self._is_dialling and not self._leaving:
            self._is_dialling = True
            self._note_down()
            self._owner.spawn(self._open(), name=f"s2s-out {self.home} {self.domain}")

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._dialling.establishment_timeout):
                connection = await self._dialler.open()
        except StreamFailedError as error:
            self._fail(error.failure)
            return
        except TimeoutError:
            self._fail(StreamFailure("timeout", f"no stream within {self._dialling.establishment_timeout:g} s"))
            return
        except Exception as error:  # whatever it is, what waits must have an end
            logger.exception("dialling failed", extra={"home": self.home, "domain": self.domain})
            self._fail(unforeseen(error))
            return
        finally:
            self._is_dialling = False
        self.opened(connection)

    def opened(self, connection: Carrier) -> None:
        """Send over ``connection`` from now on; an older stream closes in good order."""
        self.failure = None
        self.back_off.clear()
        self._down_since = None
        older, self.connection = self.connection, connection
        if older is not None:
            older.close()
        fields = {"home": self.home, "domain": self.domain, "peer": connection.peer_address}
        logger.info("stream to partner open", extra=fields)
        self.unload()
        self.drain()
        self._owner.outbound_opened(connection)

    def _make_connection(self, config: OutboundConfig) -> OutboundConnection:
        return OutboundConnection(self, config, self._dialling, inbox=self._owner.inbox)

    def _fail(self, failure: StreamFailure) -> None:
        renewing = self.connection is not None and self.connection.usable
        fields = {"home": self.home, "domain": self.domain, "reason": failure.code, "why": failure.text}
        logger.warning("no new stream to partner" if renewing else "no stream to partner", extra=fields)
        self._dialling.note_failure(
            self.home, self.domain, failure, partner=bool(self._owner.find_partner(self.domain))
        )
        if renewing:
            self._down_since = None
            return  # the stream that is there goes on
        self.failure = failure
        self.back_off.failed()
        if not is_outage(failure):
            self.give_up(condition_of(self.failure), failure.code)
            return
        for stanza in self.room.take_fresh(lambda each: not self.may_keep(each)):
            self._bounce_for(stanza)

    def _must_not_wait(self, envelope: Envelope) -> bool:
        """Whether to answer at once: the last attempt failed a moment ago, and waiting is no use to this stanza."""
        failure = self.failure
        if failure is None or self.back_off.is_over:
            return False
        return not (is_outage(failure) and is_lasting(envelope) and self._keeps_messages())

    def _keeps_messages(self) -> bool:
        partner = self._owner.find_partner(self.domain)
        return partner is not None and partner.queue_persist

    def _bounce_for(self, stanza: QueuedStanza) -> None:
        self.bounce(stanza, condition_of(self.failure), self.failure.code if self.failure is not None else "timeout")

    def _note_down(self) -> None:
        if self._down_since is None:
            self._down_since = self._clock.monotonic()

    # --- sending

    def drain(self) -> None:
        """Send what waits as far as the stream takes it; ask the disk for more."""
        connection, written = self.connection, 0
        while connection is not None and self.can_send and self.room.ready:
            stanza = self.room.pop()
            self._hand_over(connection, stanza)
            written += stanza.size
            if written > WRITE_HIGH:
                connection.flush()
                written = 0
        self._shelving.wake()

    def _hand_over(self, connection: Carrier, stanza: QueuedStanza) -> None:
        if not connection.send(stanza.envelope):
            self.bounce(stanza, StanzaCondition.POLICY_VIOLATION, f"it is larger than {self.domain} takes")
            return
        self._sent += 1
        self._owner.stanza_sent(stanza.envelope)
        if connection.acknowledges:
            self._tails.setdefault(connection, Tail()).append(stanza)
        else:
            self._end(stanza, "sent")

    def _has_credit(self, connection: Carrier) -> bool:
        tail = self._tails.get(connection) if connection.acknowledges else None
        return tail is None or tail.has_credit

    def _end(self, stanza: QueuedStanza, outcome: str) -> None:
        self.room.finish(stanza)
        self._metrics.settled(outcome)

    def _settle_tail(self, connection: Carrier) -> None:
        """Decide on what a stream that is gone left unacknowledged.

        A partner that has said the end of its stream after ours has read everything. Else presence and messages are
        sent again, for one too many is better than one too few; anything else might be done twice, and is answered.
        """
        again: list[QueuedStanza] = []
        for stanza in self._tails.pop(connection, ()):
            if connection.ended_well or (self._leaving and not is_lasting(stanza.envelope)):
                self._end(stanza, "sent")
            elif is_lasting(stanza.envelope) or stanza.envelope.kind == "presence":
                again.append(stanza)
            else:
                text = "the stream broke before it was acknowledged"
                self.bounce(stanza, StanzaCondition.REMOTE_SERVER_TIMEOUT, text)
        self.room.put_back(again)

    def unload(self) -> None:
        """Let go of what was read back from disk; it is read again when the stream takes it."""
        self.room.unload([stanza for tail in self._tails.values() for stanza in tail if stanza.number])

    def _look_for_progress(self, connection: Carrier) -> None:
        """Cut a stream that takes nothing for a minute although something waits for it."""
        if self.can_send or not len(self.room):
            self._stall.clear()
        elif self._stall.lasted(self._sent, self._clock.monotonic()) > STUCK_AFTER:
            self._stall.clear()
            self.connection = None
            connection.abort()
            self.unload()
            self._note_down()
            self._fail(StreamFailure("connection-lost", f"the partner took nothing for {STUCK_AFTER:g} s"))

    def _stamped(self, envelope: Envelope) -> QueuedStanza:
        now = self._clock.now()
        self._accepted += 1
        return QueuedStanza(envelope, now, now + KEPT_FOR, order=self._accepted)
