"""What the gateway can be asked and told: the control API's calls without their wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from edgecert.shared.control import CloseOldStreams, SwapRequest
    from edgecert.shared.jsonvalue import JsonObject


class ControlPlane(Protocol):
    """What the gateway can be asked and told.

    Every method may raise an ``EdgecertError``; its code, message and hint reach the caller.
    A call that raises has changed nothing.
    """

    async def ready(self) -> tuple[bool, list[str]]:
        """Give whether the gateway does its work, and every reason why not (or why it is in danger, while ready)."""
        ...

    async def status(self) -> JsonObject:
        """Give the state: ready, reasons, uptime_s, certificates, listeners, streams (numbers), partners."""
        ...

    async def streams(self) -> JsonObject:
        """Give ``{"streams": [...]}``: each stream with direction, peer, proof, generation, age, counts."""
        ...

    async def queues(self) -> JsonObject:
        """Give ``{"queues": [...]}``: what waits for each partner's domain, since when, and the next attempt."""
        ...

    async def failures(self) -> JsonObject:
        """Give ``{"failures": [...]}``: what went wrong lately with partners, the newest first."""
        ...

    async def swap(self, request: SwapRequest) -> JsonObject:
        """Keep a generation and put it into service, or stage it.

        Answers ``{"name","generation","serial","staged": bool,"swapped": bool,"elapsed_ms"}``.
        """
        ...

    async def swap_held(self, name: str, generation: int | None, close_old_streams: CloseOldStreams) -> JsonObject:
        """Put a generation into service that the gateway already has; None is the newest one below the one in service.

        The number given is an order: it may be below the one in service. Answers as ``swap``.
        """
        ...

    async def stage_held(
        self, name: str, generation: int, effective_at: datetime, close_old_streams: CloseOldStreams
    ) -> JsonObject:
        """Put a generation that the gateway already has into service at a date; answers as ``swap``."""
        ...

    async def cancel_staged(self, name: str) -> JsonObject:
        """Withdraw what is staged for the lineage; nothing staged is no error: ``{"name","cancelled": bool}``."""
        ...

    async def reload(self) -> JsonObject:
        """Read limits, trust, access and certificates again: ``{"reloaded": true, "notes": [...]}``."""
        ...

    async def add_http01(self, tokens: Mapping[str, str]) -> JsonObject:
        """Answer ACME http-01 for ``tokens`` (token and key authorization), for an hour: ``{"known": number}``."""
        ...

    async def forget_http01(self, tokens: Sequence[str]) -> JsonObject:
        """Answer no more for ``tokens``; unknown ones are no error: ``{"known": number}``."""
        ...

    async def partners(self) -> JsonObject:
        """Give ``{"partners": [partner, ...]}`` by domain."""
        ...

    async def put_partner(self, partner: JsonObject) -> JsonObject:
        """Add the partner or replace the one of this domain: ``{"domain","created": bool,"warnings": [...]}``."""
        ...

    async def remove_partner(self, domain: str) -> JsonObject:
        """Take the partner away: ``{"domain","removed": bool}``."""
        ...

    async def apply_partners(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``partners``; with ``dry_run`` only say what would change.

        Answers ``{"added","changed","removed": [domain, ...], "warnings": [...]}``.
        """
        ...

    async def contacts(self, home: str, partner: str) -> JsonObject:
        """Give ``{"contacts": [...], "knocks": [...]}`` of ``home`` and ``partner``: JIDs, domains, empty for all."""
        ...

    async def add_contact(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Pin a contact: ``{"home","partner","changed": bool,"before": {...},"after": {...},"warnings": [...]}``."""
        ...

    async def remove_contact(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Forget a contact; answers as ``add_contact``."""
        ...

    async def start_partner_test(self, domain: str, home: str) -> JsonObject:
        """Begin to reach a domain as streams do: ``{"id","domain","home","is_partner"}``."""
        ...

    async def partner_test(self, identity: str, after: int) -> JsonObject:
        """Give the steps behind the first ``after``: ``{"steps": [...], "finished", "reached"}``; waits for one."""
        ...
