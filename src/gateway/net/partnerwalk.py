"""One attempt to reach a partner, step by step, for a person who watches: where does it stop, why, and what to do.

The way is the one that stanzas take: the same look-ups, the same connection, the same proofs. Nothing is sent but a
ping, and the stream that is opened is closed again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from gateway.model.peer import Method
from gateway.net.advice import advise
from gateway.net.dialler import Dialler, join_failures, unforeseen
from gateway.net.outbound import OutboundConnection, StreamFailedError, StreamFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.net.dialler import Dialling
    from gateway.net.pinging import Pings
    from gateway.net.targets import Target
    from gateway.policy.partner import Partner
    from gateway.tls.channel import TlsChannel
    from gateway.xmpp.configs import OutboundConfig, PeerProofResult

logger = logging.getLogger(__name__)

PING_TIMEOUT: Final = 10.0
_METHODS: Final = {
    Method.EXTERNAL: "by certificate (SASL EXTERNAL)",
    Method.TLS_DIALBACK: "by dialback inside TLS",
    Method.DIALBACK: "by dialback in the clear",
}


class Step(StrEnum):
    """What has to go well, in order."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    IDENTITY = "identity"
    AUTHENTICATION = "authentication"
    PING = "ping"


class Outcome(StrEnum):
    """How a step went."""

    OK = "ok"
    WARNING = "warning"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step: what was found, how long it took, and for what went wrong the code and what to do."""

    step: Step
    outcome: Outcome
    text: str
    elapsed_ms: float = 0.0
    code: str = ""
    hint: str = ""

    def to_json(self) -> JsonObject:
        """Give it as the control API has it."""
        return {
            "step": self.step.value,
            "outcome": self.outcome.value,
            "text": self.text,
            "elapsed_ms": self.elapsed_ms,
            "code": self.code,
            "hint": self.hint,
        }


class PartnerWalk:
    """One walk from ``home`` to ``domain``, under the settings of ``partner``."""

    def __init__(
        self,
        dialling: Dialling,
        partner: Partner,
        home: str,
        domain: str,
        report: Callable[[StepResult], None],
        *,
        pings: Pings | None = None,
        no_ping: str = "",
    ) -> None:
        """Tell ``report`` each step. Without ``pings`` nobody could hear the answer; ``no_ping`` says why."""
        self.home = home
        self.domain = domain
        self._dialling = dialling
        self._partner = partner
        self._report = report
        self._pings = pings
        self._no_ping = no_ping
        self._step = Step.DNS
        self._begun = dialling.clock.monotonic()
        self._unreached: list[StreamFailure] = []
        self._fault = ""

    async def run(self) -> bool:
        """Walk to the end, or to the first thing that is wrong; give whether the end was reached."""
        try:
            async with asyncio.timeout(self._dialling.establishment_timeout):
                connection = await self._reach()
        except StreamFailedError as error:
            self._fail(error.failure)
            return False
        except TimeoutError:
            limit = f"not done within {self._dialling.establishment_timeout:g} s"
            self._fail(StreamFailure("timeout", limit))
            return False
        except Exception as error:
            logger.exception("partner test failed", extra={"home": self.home, "domain": self.domain})
            self._fail(unforeseen(error))
            return False
        try:
            return await self._ping(connection)
        finally:
            connection.close()

    # --- what the connection tells of itself

    def tcp_up(self, address: str) -> None:
        """Take note that a server has taken the connection."""
        if self._step is not Step.TCP:
            return  # a second stream to the same server
        text = address
        for failure in self._unreached:
            text += f"; not reached: {failure.text}"
        self._done(Outcome.WARNING if self._unreached else Outcome.OK, text)
        self._step = Step.TLS

    def tls_up(self, tls: TlsChannel) -> None:
        """Take note of a handshake."""
        if self._step is Step.TLS:
            self._done(Outcome.OK, f"{tls.version}, {tls.cipher}")
            self._step = Step.IDENTITY

    def proved(self, result: PeerProofResult) -> None:
        """Take note of the verdict on the certificate; what is not proved may yet be by dialback."""
        if self._step is Step.IDENTITY and result.proof is not None:
            self._done(Outcome.OK, f"the certificate proves {self.domain}")
            self._step = Step.AUTHENTICATION
        else:
            self._fault = result.fault

    def outbound_lost(self, connection: OutboundConnection) -> None:
        """Pass over it: whoever waits for the stream is told."""

    def outbound_writable(self, connection: OutboundConnection) -> None:
        """Pass over it: one ping is all there is to write."""

    def outbound_acknowledged(self, connection: OutboundConnection, count: int) -> None:
        """Pass over it: the answer to the ping is what counts."""

    # --- the way

    async def _reach(self) -> OutboundConnection:
        dialler = Dialler(self, lambda _domain: self._partner, self._dialling, self._make_connection)
        targets = await dialler.find_targets(self._partner)
        self._done(Outcome.OK, _describe(targets, self.domain, self._partner.proxy))
        self._step = Step.TCP
        for target in targets:
            try:
                connection = await dialler.try_target(self._partner, target)
            except StreamFailedError as error:
                if self._step is not Step.TCP:
                    raise
                self._unreached.append(error.failure)
            else:
                self._tell_proof(connection)
                return connection
        raise StreamFailedError(join_failures(self._unreached))

    def _make_connection(self, config: OutboundConfig) -> OutboundConnection:
        return _Watched(self, config, self._dialling)

    def _tell_proof(self, connection: OutboundConnection) -> None:
        (pair,) = connection.stream.pairs
        if pair.method is Method.DIALBACK:
            for step in (Step.TLS, Step.IDENTITY):
                self._step = step
                self._done(Outcome.SKIPPED, "the stream is in the clear")
        elif self._step is Step.IDENTITY:
            hint = "the partner is taken by its DNS instead; ask for a certificate that proves the domain"
            self._done(Outcome.WARNING, self._fault, "peer-certificate", hint)
        self._step = Step.AUTHENTICATION
        self._done(Outcome.OK, f"{self.domain} takes us for {self.home}, {_METHODS[pair.method]}")

    async def _ping(self, connection: OutboundConnection) -> bool:
        self._step = Step.PING
        if self._pings is None:
            self._done(Outcome.SKIPPED, self._no_ping)
            return True
        try:
            async with asyncio.timeout(PING_TIMEOUT):
                answer = await self._pings.ping(connection, self.home, self.domain)
        except TimeoutError:
            self._fail(StreamFailure("ping-timeout", f"no answer within {PING_TIMEOUT:g} s"))
            return False
        self._done(Outcome.OK, "answered, by an error" if answer.is_error else "answered")
        return True

    # --- telling

    def _done(self, outcome: Outcome, text: str, code: str = "", hint: str = "") -> None:
        now = self._dialling.clock.monotonic()
        elapsed, self._begun = round((now - self._begun) * 1000, 1), now
        self._report(StepResult(self._step, outcome, text, elapsed, code, hint))

    def _fail(self, failure: StreamFailure) -> None:
        self._done(Outcome.FAILED, failure.text or failure.code, failure.code, advise(failure, self.home, self.domain))


class _Watched(OutboundConnection):
    """The connection of a walk, which tells how far it has come."""

    _owner: PartnerWalk

    @override
    def on_connected(self) -> None:
        self._owner.tcp_up(f"{self.peer_address}:{self.peer_port}")
        super().on_connected()

    @override
    def on_tls_up(self, tls: TlsChannel) -> None:
        self._owner.tls_up(tls)
        super().on_tls_up(tls)

    @override
    def prove(self, domain: str) -> PeerProofResult:
        result = super().prove(domain)
        self._owner.proved(result)
        return result


def _describe(targets: tuple[Target, ...], domain: str, proxy: str) -> str:
    names = ", ".join(
        f"{target.host}:{target.port}{' (direct TLS)' if target.direct_tls else ''}" for target in targets
    )
    if proxy:
        return f"{names}, which proxy names"
    if [target.host for target in targets] == [domain]:
        return f"{names}, the domain itself: it has no SRV records"
    return names
