"""Attempts to reach a partner that somebody asked for, and what has come of each so far."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.errors import GatewayError, PartnerRefusedError
from gateway.model.jid import parse_domain
from gateway.net.partnerwalk import PartnerWalk
from gateway.policy.partner import Partner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.net.hub import Hub
    from gateway.net.partnerwalk import StepResult

MAX_AT_ONCE: Final = 4
MAX_KEPT: Final = 16
LONGEST_ANSWER: Final = 15.0
"""Seconds that a call for further steps waits for one."""


@dataclass(slots=True)
class _Test:
    """One attempt."""

    domain: str
    home: str
    is_partner: bool
    steps: list[StepResult] = field(default_factory=list)
    finished: bool = False
    reached: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class PartnerTests:
    """Starts attempts and tells of them; the last few are kept."""

    def __init__(self, hub: Hub, spawn: Callable[[Coroutine[object, object, None], str], None]) -> None:
        """Dial as ``hub`` does."""
        self._hub = hub
        self._spawn = spawn
        self._tests: dict[str, _Test] = {}

    def start(self, domain: str, home: str = "") -> JsonObject:
        """Begin an attempt to reach ``domain`` from ``home`` (empty: the first home domain).

        Raises:
            AddressError: one of the two is no domain.
            PartnerRefusedError: ``home-partner-clash``: the domain is ours; ``no-such-home``: the home is not.
            GatewayError: ``too-many-tests``.
        """
        partner, home = choose_pair(self._hub, domain, home)
        domain = parse_domain(domain)
        if sum(not test.finished for test in self._tests.values()) >= MAX_AT_ONCE:
            raise GatewayError(
                f"{MAX_AT_ONCE} tests are under way", code="too-many-tests", hint="try again in a minute"
            )
        for old in list(self._tests)[: max(0, len(self._tests) - MAX_KEPT + 1)]:
            del self._tests[old]
        identity = secrets.token_hex(8)
        test = self._tests[identity] = _Test(domain, home, self._hub.partners.find(domain) is not None)
        self._spawn(self._run(test, partner), f"partner test {domain}")
        return {"id": identity, "domain": domain, "home": home, "is_partner": test.is_partner}

    async def tell(self, identity: str, after: int) -> JsonObject:
        """Give the steps behind the first ``after``, as soon as there is one or all is over.

        Raises:
            GatewayError: ``no-such-test``.
        """
        test = self._tests.get(identity)
        if test is None:
            raise GatewayError(
                "there is no such test, or it was long ago", code="no-such-test", hint="start another one"
            )
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_ANSWER):
                while len(test.steps) <= after and not test.finished:
                    test.changed.clear()
                    await test.changed.wait()
        steps: list[JsonObject] = [step.to_json() for step in test.steps[after:]]
        return {"steps": steps, "finished": test.finished, "reached": test.reached}

    async def _run(self, test: _Test, partner: Partner) -> None:
        def report(step: StepResult) -> None:
            test.steps.append(step)
            test.changed.set()

        pings = self._hub.pings if test.is_partner else None
        no_ping = f"the answer could not come in: {test.domain} is no partner yet"
        walk = PartnerWalk(self._hub.dialling, partner, test.home, test.domain, report, pings=pings, no_ping=no_ping)
        try:
            test.reached = await walk.run()
        finally:
            test.finished = True
            test.changed.set()


def choose_pair(hub: Hub, domain: str, home: str) -> tuple[Partner, str]:
    """Give the settings to reach ``domain`` by (the defaults, if it is no partner yet) and the home to do it for.

    Raises:
        AddressError: one of the two is no domain.
        PartnerRefusedError: ``home-partner-clash``: the domain is ours; ``no-such-home``: the home is not.
    """
    domain = parse_domain(domain)
    if domain in hub.homes:
        raise PartnerRefusedError(
            f"{domain} is a home domain", code="home-partner-clash", hint="name a partner's domain"
        )
    chosen = parse_domain(home) if home else next(iter(hub.homes))
    if chosen not in hub.homes:
        hint = f"the home domains are {', '.join(hub.homes)}"
        raise PartnerRefusedError(f"{chosen} is no home domain", code="no-such-home", hint=hint)
    return hub.partners.find(domain) or Partner(domain=domain), chosen
