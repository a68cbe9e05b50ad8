"""The gateway as a whole: started, asked, changed and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.clock import SystemClock, format_time
from edgecert.shared.version import VERSION
from gateway.database.partners import PartnerStore
from gateway.net.control import ControlServer
from gateway.net.metrics import Metrics
from gateway.policy.commit import verify_homes
from gateway.service.contacts import ContactDesk
from gateway.service.dialbacksecret import load_dialback_secret
from gateway.service.http01 import Http01Desk
from gateway.service.memory import release_free_memory
from gateway.service.partners import PartnerDesk
from gateway.service.partnertests import PartnerTests
from gateway.service.queues import QueueDesk
from gateway.service.report import (
    count_generations,
    count_proofs,
    describe_failures,
    describe_partners,
    describe_queues,
    describe_streams,
    list_warnings,
)
from gateway.service.setup import (
    changed_options,
    hub_limits,
    list_unreloadable,
    make_certificates,
    make_hub,
    open_listeners,
)
from gateway.service.swaps import SwapDesk
from gateway.service.tlsmemory import TlsMemoryDesk
from gateway.service.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from edgecert.shared.clock import Clock
    from edgecert.shared.control import CloseOldStreams, SwapRequest
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.secret import Secret
    from gateway.net.listener import Listener
    from gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

HOUSE_INTERVAL: Final = 5.0
WORTH_RELEASING: Final = 16
"""Streams that gave memory back in one round, from which on the system is given it."""


class Gateway:
    """Serves while :meth:`running` is entered; is the control plane of its sockets."""

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
        reread: Callable[[], GatewaySettings] | None = None,
    ) -> None:
        """Prepare to serve as ``settings`` say; ``reread`` gives them anew for a reload."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self.metrics = Metrics(self.clock, version=VERSION)
        self.listeners: list[Listener] = []
        self._reread = reread
        self._worker = Worker()
        self._started_at = self.clock.monotonic()
        self._group: asyncio.TaskGroup | None = None
        self.certificates = make_certificates(settings, self.clock, os.environ if environ is None else environ)
        slot = self.certificates.slot
        store = PartnerStore(settings.database)
        self._queues = QueueDesk(store, self._worker)
        self.hub = make_hub(
            settings, slot, clock=self.clock, metrics=self.metrics, spawn=self._spawn, shelf=self._queues
        )
        self._swaps = SwapDesk(self.certificates, self.hub, self._worker, self.clock, self.metrics)
        self._http01 = Http01Desk(settings.listen.http01, self.clock)
        self._tests = PartnerTests(self.hub, self._spawn)
        self._partners = PartnerDesk(store, self._worker, self.hub)
        self._contacts = ContactDesk(store, self._worker, self.hub)
        self._tls_memory = TlsMemoryDesk(store, self._worker, self._spawn)

    # --- life

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Gateway]:
        """Serve while the context lasts: all listens when it is entered, all has ended when it is left."""
        settings = self.settings
        control = ControlServer(
            self,
            Path(settings.gateway.control),
            Path(settings.gateway.status),
            metrics=self._render_metrics,
            version=VERSION,
            metrics_listen=settings.listen.metrics,
        )
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                tasks: list[asyncio.Task[None]] = []
                try:
                    await self._load()
                    await open_listeners(settings, self.hub, self.listeners)
                    await self._http01.open()
                    await control.start()
                    self.hub.restore_queues(await self._queues.backlogs())
                    tasks = [group.create_task(work, name=name) for name, work in self._keepers()]
                    yield self
                except Exception as error:  # noqa: BLE001  # raised again below, out of the group
                    failure = error
                finally:
                    await self._stop(control)
                    for task in tasks:
                        task.cancel()
                    self._group = None
        finally:
            await self._partners.close()
            self._worker.close()
        if failure is not None:
            raise failure

    async def _load(self) -> None:
        await self._partners.open()
        await self._contacts.open()
        await self._tls_memory.open(self.hub.tls_memory, self.clock)
        self._take_dialback_secret(await self._load_dialback_secret(self.settings))
        await self._swaps.begin()

    async def _load_dialback_secret(self, settings: GatewaySettings) -> Secret:
        named, state_dir = settings.gateway.dialback_secret_file, self.settings.gateway.state_dir
        return await self._worker.run(load_dialback_secret, named, state_dir)

    def _take_dialback_secret(self, secret: Secret) -> bool:
        """Make keys by ``secret`` from now on; give whether it is another one than before."""
        return self.hub.dialling.keys.replace(secret, now=self.clock.monotonic())

    async def _stop(self, control: ControlServer) -> None:
        for listener in self.listeners:
            listener.close()
        await self._contacts.settle()
        self._http01.close()
        await self.hub.shut_down()
        await control.close()

    def _keepers(self) -> list[tuple[str, Coroutine[object, object, None]]]:
        keepers = [
            ("housekeeping", self._keep_house()),
            ("staged swaps", self._swaps.keep_dates()),
            ("contacts", self.hub.traffic.keep_committing()),
            ("presence", self.hub.traffic.presence.keep_probing()),
        ]
        if self.settings.gateway.certificate_dir:
            keepers.append(("certificate directory", self._swaps.keep_directory()))
        return keepers

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSE_INTERVAL)
            try:
                rested = self.hub.keep_house()
            except Exception:  # the streams of all partners hang on it: one fault must not end them
                logger.exception("housekeeping failed; it goes on")
                continue
            if rested >= WORTH_RELEASING:
                release_free_memory()

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        if self._group is None:
            work.close()
            return
        self._group.create_task(_guard(work, name), name=name)

    # --- http-01

    async def add_http01(self, tokens: Mapping[str, str]) -> JsonObject:
        """Answer ACME http-01 for ``tokens``."""
        return self._http01.add(tokens)

    async def forget_http01(self, tokens: Sequence[str]) -> JsonObject:
        """Answer no more for ``tokens``."""
        return self._http01.forget(tokens)

    # --- certificates

    async def swap(self, request: SwapRequest) -> JsonObject:
        """Keep a generation and put it into service, or stage it."""
        return await self._swaps.swap(request)

    async def swap_held(self, name: str, generation: int | None, close_old_streams: CloseOldStreams) -> JsonObject:
        """Put a generation into service that is kept here."""
        return await self._swaps.swap_held(name, generation, close_old_streams)

    async def stage_held(
        self, name: str, generation: int, effective_at: datetime, close_old_streams: CloseOldStreams
    ) -> JsonObject:
        """Stage a generation that is kept here; a date that is past swaps at once."""
        return await self._swaps.stage_held(name, generation, effective_at, close_old_streams)

    async def cancel_staged(self, name: str) -> JsonObject:
        """Withdraw what is staged."""
        return await self._swaps.cancel_staged(name)

    # --- being asked

    async def ready(self) -> tuple[bool, list[str]]:
        """Give whether partners can be served, and every reason why not or why that is in danger."""
        return bool(self.certificates.serving), list(self.certificates.reasons())

    async def status(self) -> JsonObject:
        """Give the state of everything."""
        ready, reasons = await self.ready()
        staged = await self._worker.run(lambda: self.certificates.staged)
        domains = list(self.hub.homes)
        return {
            "ready": ready,
            "reasons": [*reasons, *list_warnings(self.hub)],
            "version": VERSION,
            "uptime_s": int(self.clock.monotonic() - self._started_at),
            "certificates": self.certificates.describe(),
            "staged": [
                {"name": item.name, "generation": item.generation, "effective_at": format_time(item.effective_at)}
                for item in staged
            ],
            "listeners": [
                {"address": item.address, "protocol": item.protocol, "domains": domains}
                for item in self.listeners
                if item.protocol != "component"
            ],
            "homes": [{"domain": domain, "connected": domain in self.hub.components} for domain in domains],
            "streams": {
                "inbound": sum(connection.authenticated for connection in self.hub.inbound),
                "outbound": len(self.hub.outbound),
            },
            "generations": count_generations(self.hub),
            "proofs": count_proofs(self.hub),
            "partners": describe_partners(self.hub),
            "counts": self.metrics.totals(),
        }

    async def streams(self) -> JsonObject:
        """Give each stream."""
        return {"streams": describe_streams(self.hub)}

    async def failures(self) -> JsonObject:
        """Give what went wrong lately."""
        return {"failures": describe_failures(self.hub)}

    async def queues(self) -> JsonObject:
        """Give what waits for partners."""
        return {"queues": describe_queues(self.hub)}

    # --- reload and partners

    async def reload(self) -> JsonObject:
        """Read limits, trust, access and certificates again; listeners and homes need a restart."""
        settings = self._reread() if self._reread is not None else self.settings
        verify_homes(self.hub.partners, settings.home_domains)
        secret = await self._load_dialback_secret(settings)
        unreloadable = list_unreloadable(self.settings, settings)
        notes = [f"{part} has changed, which takes effect at the next start" for part in unreloadable]
        if await self._swaps.reload(changed_options(self.certificates.options, settings)):
            notes.append("certificates have changed")
        # From here on nothing fails: whatever was refused above has left everything as it was.
        if self._take_dialback_secret(secret):
            notes.append("the dialback secret has changed; keys of the old one are known for ten minutes more")
        self.hub.limit(hub_limits(settings), settings.stream_limits)
        self.hub.traffic.log.bodies = settings.gateway.log_message_bodies
        self.hub.traffic.presence.access_changing(settings.access_policy)
        self.hub.access = settings.access_policy
        logger.info("reloaded", extra={"notes": notes})
        return {"reloaded": True, "notes": notes}

    async def partners(self) -> JsonObject:
        """Give the partners."""
        return self._partners.show()

    async def put_partner(self, partner: JsonObject) -> JsonObject:
        """Add a partner, or replace the one of this domain."""
        return await self._partners.put(partner)

    async def remove_partner(self, domain: str) -> JsonObject:
        """Take a partner away."""
        return await self._partners.remove(domain)

    async def apply_partners(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``partners``."""
        return await self._partners.apply(partners, dry_run=dry_run)

    async def contacts(self, home: str, partner: str) -> JsonObject:
        """Give the contacts, and who knocked in vain."""
        return await self._contacts.show(home, partner)

    async def add_contact(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Pin a contact."""
        return await self._contacts.add(home, partner, dry_run=dry_run)

    async def remove_contact(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        """Forget a contact."""
        return await self._contacts.remove(home, partner, dry_run=dry_run)

    async def start_partner_test(self, domain: str, home: str) -> JsonObject:
        """Begin to reach a domain, for somebody who watches."""
        return self._tests.start(domain, home)

    async def partner_test(self, identity: str, after: int) -> JsonObject:
        """Tell how far such an attempt has come."""
        return await self._tests.tell(identity, after)

    def _render_metrics(self) -> bytes:
        self.metrics.ready(bool(self.certificates.serving))
        return self.metrics.render()


async def _guard(work: Coroutine[object, object, None], name: str) -> None:
    """Do ``work``; a fault in it is told and ends this task alone, not the gateway."""
    try:
        await work
    except Exception:  # the top of a task
        logger.exception("task failed", extra={"task": name})
