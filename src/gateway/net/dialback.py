"""The receiving server's questions: dialback keys verified over short-lived streams to the authoritative server."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from typing_extensions import override

from gateway.errors import StanzaCondition
from gateway.net.connector import race_connect
from gateway.net.dialled import DialledConnection, StreamFailedError, StreamFailure
from gateway.net.dialler import mute
from gateway.net.targets import with_shares
from gateway.policy.methods import is_tls_possible, method_set
from gateway.xmpp.configs import OutboundConfig
from gateway.xmpp.dialback import Verdict
from gateway.xmpp.events import (
    Acknowledged,
    Authorized,
    Closed,
    Failed,
    NeedPeerProof,
    NeedVerification,
    PeerHeader,
    Pinged,
    StanzaReceived,
    StanzaRefused,
    StartTls,
    StreamEvent,
    Verified,
)
from gateway.xmpp.verifying import VerifyingStream

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gateway.net.dialler import Dialling
    from gateway.policy.partner import Partner
    from gateway.xmpp.dialback import VerifyRequest

logger = logging.getLogger(__name__)

VERIFY_TIMEOUT: Final = 30.0
MAX_VERIFYING: Final = 256
"""Questions under way at a time, in all: each is a connection that a stranger made us open."""
MAX_PER_DOMAIN: Final = 32
"""Of these, about one domain: whoever claims to be a partner whose server is slow holds up that partner alone."""

_CONDITIONS: Final = {
    "dns-not-found": StanzaCondition.REMOTE_SERVER_NOT_FOUND,
    "not-a-partner": StanzaCondition.POLICY_VIOLATION,
    "connect-failed": StanzaCondition.REMOTE_CONNECTION_FAILED,
    "private-target": StanzaCondition.REMOTE_CONNECTION_FAILED,
}


class Asking(Protocol):
    """The inbound connection for whose stream a key is verified."""

    def verified(self, request: VerifyRequest, verdict: Verdict) -> None:
        """Take the verdict."""
        ...


class VerifyConnection(DialledConnection):
    """One question; ``answer`` is done when the authoritative server has answered it, or fails with the reason."""

    def __init__(self, config: OutboundConfig, request: VerifyRequest, dialling: Dialling) -> None:
        """Speak first as soon as the connection is made."""
        super().__init__(VerifyingStream(config, request), config, dialling)
        self.answer: asyncio.Future[Verdict] = self._loop.create_future()

    @override
    def handle(self, event: StreamEvent) -> None:
        match event:
            case StartTls():
                self.begin_client_tls()
            case NeedPeerProof(domain):
                self._initiating.peer_proof(self.prove(domain))
            case Verified(verdict):
                if not self.answer.done():
                    self.answer.set_result(verdict)
            case Failed(reason, text):
                self.note_failure(StreamFailure(reason.value, text))
            case Closed():
                self._settle()
            case PeerHeader() | Pinged() | StanzaReceived() | StanzaRefused():
                pass
            case NeedVerification() | Authorized() | Acknowledged():
                pass
            case _ as never:
                assert_never(never)

    @override
    def on_lost(self) -> None:
        super().on_lost()
        self._settle()

    def _settle(self) -> None:
        if not self.answer.done():
            failure = self.failure or StreamFailure("connection-lost", "the connection was cut")
            self.answer.set_exception(StreamFailedError(failure))
            self.answer.exception()  # whoever gave up waiting does not look at it any more


@dataclass(slots=True)
class DialbackDesk:
    """Asks authoritative servers for the inbound streams; every request gets one verdict, within 30 seconds."""

    dialling: Dialling
    find_partner: Callable[[str], Partner | None]
    spawn: Callable[[Coroutine[object, object, None], str], None]
    under_way: Counter[str] = field(default_factory=Counter)
    """Questions that have no answer yet, by the domain that is asked."""

    def begin(self, asking: Asking, request: VerifyRequest) -> None:
        """Ask about ``request``; its verdict goes to ``asking``."""
        if self.under_way.total() >= MAX_VERIFYING or self.under_way[request.partner] >= MAX_PER_DOMAIN:
            self.dialling.metrics.refused("inbound", "too-many-verifications")
            asking.verified(request, Verdict("error", StanzaCondition.RESOURCE_CONSTRAINT))
            return
        self.under_way[request.partner] += 1
        self.spawn(self._run(asking, request), f"dialback {request.partner} {request.home}")

    async def _run(self, asking: Asking, request: VerifyRequest) -> None:
        verdict = Verdict("error", StanzaCondition.REMOTE_SERVER_TIMEOUT, "no answer in time")
        try:
            async with asyncio.timeout(VERIFY_TIMEOUT):
                verdict = await self._ask(request)
        except TimeoutError:
            pass
        except StreamFailedError as error:
            condition = _CONDITIONS.get(error.failure.code, StanzaCondition.REMOTE_SERVER_TIMEOUT)
            verdict = Verdict("error", condition, str(error.failure))
        finally:
            self.under_way[request.partner] -= 1
            self.under_way += Counter()  # which leaves out who is at nought
            self._log(request, verdict)
            asking.verified(request, verdict)

    async def _ask(self, request: VerifyRequest) -> Verdict:
        """Ask each target in turn until one answers; the first one's fault names the case."""
        partner = self.find_partner(request.partner)
        if partner is None:
            raise StreamFailedError(StreamFailure("not-a-partner", "not a configured partner any more"))
        possible = is_tls_possible(method_set(partner))
        connector = self.dialling.connector
        targets = await connector.find_targets(request.partner, partner.proxy, direct_tls=possible)
        failures: list[StreamFailure] = []
        tls_only = False  # once TLS was begun with one of them, none is asked in the clear
        for target, share in with_shares(targets, VERIFY_TIMEOUT, self.dialling.clock.monotonic):
            config = OutboundConfig(
                request.home,
                partner,
                request.partner,
                self.dialling.limits,
                target.direct_tls,
                make_key=self.dialling.keys.make_key,
                tls_only=tls_only,
            )
            connection: VerifyConnection | None = None
            try:
                async with asyncio.timeout(share):
                    addresses = await connector.find_addresses(target, explicit=bool(partner.proxy))
                    connection = await self._connect(config, request, addresses, target.port)
                    return await connection.answer
            except StreamFailedError as error:
                failures.append(error.failure)
            except TimeoutError:
                failures.append(mute(target, share))
            finally:
                if connection is not None:
                    tls_only = tls_only or connection.tls is not None
                    if not connection.machine.closed:
                        connection.abort()
        raise StreamFailedError(replace(failures[0], text="; ".join(dict.fromkeys(each.text for each in failures))))

    async def _connect(
        self, config: OutboundConfig, request: VerifyRequest, addresses: tuple[str, ...], port: int
    ) -> VerifyConnection:
        sock = await race_connect(addresses, port)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: VerifyConnection(config, request, self.dialling), sock=sock
        )
        return connection

    @staticmethod
    def _log(request: VerifyRequest, verdict: Verdict) -> None:
        condition = verdict.condition.value if verdict.condition else ""
        fields = {"domain": request.partner, "home": request.home, "condition": condition, "why": verdict.text}
        level = logging.INFO if verdict.type == "valid" else logging.WARNING
        logger.log(level, "dialback key verified", extra={**fields, "verdict": verdict.type})
