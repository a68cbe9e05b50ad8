"""The gateway as a whole: started, asked, changed and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from edgecert.shared.clock import SystemClock, format_time
from edgecert.shared.errors import EdgecertError
from edgecert.shared.keywrap import KeyWrapper, load_kek
from edgecert.shared.version import VERSION
from gateway.database.partners import PartnerStore
from gateway.model.jid import parse_domain
from gateway.net.connector import Connector
from gateway.net.control import ControlServer
from gateway.net.hub import Hub, HubLimits
from gateway.net.listener import Listener
from gateway.net.metrics import Metrics
from gateway.net.pair import Dialling
from gateway.net.registry import ConnectionRegistry
from gateway.net.resolver import Resolver
from gateway.policy.methods import warn_partner
from gateway.policy.partnerfile import partner_from_json, partner_to_json
from gateway.service.certificates import CertificateOptions, Certificates, retry_inconsistent
from gateway.service.report import describe_partners, describe_streams
from gateway.service.worker import Worker
from gateway.tls.context import build_contexts
from gateway.tls.material import MaterialStore
from gateway.tls.slot import ContextSlot
from gateway.tls.trust import TrustStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence

    from edgecert.shared.clock import Clock
    from edgecert.shared.control import CloseOldStreams, SwapRequest
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.policy.commit import PartnerDifference
    from gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

HOUSE_INTERVAL: Final = 5.0
DIRECTORY_INTERVAL: Final = 10.0
STAGED_INTERVAL: Final = 30.0
KEK_CREDENTIAL: Final = "edgecert-gateway-kek"
KEK_FILE: Final = "/etc/edgecert-gateway/kek"


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
        self._environ = os.environ if environ is None else environ
        self._reread = reread
        self._worker = Worker()
        self._swapping = asyncio.Lock()
        self._staged_changed = asyncio.Event()
        self._started_at = self.clock.monotonic()
        self._published: set[str] = set()
        self._group: asyncio.TaskGroup | None = None
        self._store = PartnerStore(settings.database)
        slot = ContextSlot(build_contexts((), domains=(), trust=TrustStore(())))
        material = MaterialStore(Path(settings.gateway.state_dir) / "material", self._make_wrapper)
        self.certificates = Certificates(material, slot, certificate_options(settings), self.clock)
        self.hub = self._make_hub(slot)

    def _make_hub(self, slot: ContextSlot) -> Hub:
        settings = self.settings
        random = SystemRandom()
        resolver = Resolver(settings.resolver.nameservers, self.clock)
        dialling = Dialling(
            connector=Connector(resolver, random, settings.resolver.allow_private_targets),
            slot=slot,
            clock=self.clock,
            random=random,
            metrics=self.metrics,
            limits=settings.stream_limits,
            registry=ConnectionRegistry(),
            establishment_timeout=float(settings.limits.stream_establishment_timeout),
        )
        homes = {parse_domain(home.domain): home.read_secret() for home in settings.home}
        hub = Hub(dialling, homes, spawn=self._spawn, limits=hub_limits(settings))
        hub.access = settings.access_policy
        return hub

    def _make_wrapper(self, store_id: str) -> KeyWrapper:
        loaded = load_kek(
            credential=KEK_CREDENTIAL,
            kek_file=Path(self.settings.gateway.kek_file or KEK_FILE),
            create=True,
            environ=self._environ,
            outside=Path(self.settings.gateway.state_dir),
        )
        if loaded.created:
            logger.warning("a key-encryption key was made: back it up", extra={"path": str(loaded.path)})
        return KeyWrapper(loaded.secret, store_id)

    # --- life

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Gateway]:
        """Serve while the context lasts: all listens when it is entered, all has ended when it is left."""
        control = ControlServer(
            self,
            Path(self.settings.gateway.control),
            Path(self.settings.gateway.status),
            metrics=self._render_metrics,
            version=VERSION,
            metrics_listen=self.settings.listen.metrics,
        )
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                tasks: list[asyncio.Task[None]] = []
                try:
                    await self._load()
                    await self._listen()
                    await control.start()
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
            await self._worker.run(self._store.close)
            self._worker.close()
        if failure is not None:
            raise failure

    async def _load(self) -> None:
        await self._worker.run(self._store.open)
        self.hub.set_partners(await self._worker.run(self._store.load))
        await self._worker.run(self.certificates.load)
        await self._swap_due()
        self._publish()

    async def _listen(self) -> None:
        listen = self.settings.listen
        for addresses, protocol, direct in (
            (listen.s2s, "xmpp-s2s", False),
            (listen.s2s_direct_tls, "xmpps-s2s", True),
        ):
            for address in addresses:
                factory = _direct_factory(self.hub) if direct else _starttls_factory(self.hub)
                self.listeners.append(await Listener.open(address, protocol, factory))
        for address in dict.fromkeys(home.listen for home in self.settings.home):
            domains = frozenset(parse_domain(home.domain) for home in self.settings.home if home.listen == address)
            self.listeners.append(await Listener.open(address, "component", _component_factory(self.hub, domains)))

    async def _stop(self, control: ControlServer) -> None:
        for listener in self.listeners:
            listener.close()
        await self.hub.shut_down()
        await control.close()

    def _keepers(self) -> list[tuple[str, Coroutine[object, object, None]]]:
        keepers = [("housekeeping", self._keep_house()), ("staged swaps", self._keep_dates())]
        if self.settings.gateway.certificate_dir:
            keepers.append(("certificate directory", self._keep_directory()))
        return keepers

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSE_INTERVAL)
            self.hub.keep_house()

    async def _keep_dates(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(await self._next_wait()):
                    await self._staged_changed.wait()
            self._staged_changed.clear()
            await self._swap_due()

    async def _next_wait(self) -> float:
        """Give how long to wait: to the next date, but never so long that a changed clock goes unnoticed."""
        staged = await self._worker.run(lambda: self.certificates.staged)
        waits = [(item.effective_at - self.clock.now()).total_seconds() for item in staged]
        return max(0.0, min([STAGED_INTERVAL, *waits]))

    async def _keep_directory(self) -> None:
        while True:
            await asyncio.sleep(DIRECTORY_INTERVAL)
            try:
                await self._reload_certificates(self.certificates.options)
            except EdgecertError as error:
                self.certificates.faults["certificate_dir"] = f"warning: {error.message}"
                logger.warning("certificate directory not taken", extra={"why": error.message})

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        if self._group is None:
            work.close()
            return
        self._group.create_task(_guard(work, name), name=name)

    # --- certificates

    async def swap(self, request: SwapRequest) -> JsonObject:
        """Keep a generation and put it into service, or stage it."""
        begun = self.clock.monotonic()
        try:
            async with self._swapping:
                swapped = await self._worker.run(self.certificates.swap, request)
        except EdgecertError as error:
            self.metrics.swap(error.code)
            raise
        meta = request.bundle.meta
        self.metrics.swap("swapped" if swapped else "staged")
        if swapped:
            self._swapped(meta.name, meta.generation, request.close_old_streams)
        else:
            self._staged_changed.set()
        return {
            "name": meta.name,
            "generation": meta.generation,
            "serial": meta.serial,
            "staged": not swapped,
            "swapped": swapped,
            "elapsed_ms": self._elapsed_ms(begun),
        }

    async def swap_held(self, name: str, generation: int | None, close_old_streams: CloseOldStreams) -> JsonObject:
        """Put a generation into service that is kept here."""
        begun = self.clock.monotonic()
        try:
            async with self._swapping:
                bundle = await self._worker.run(self.certificates.swap_held, name, generation)
        except EdgecertError as error:
            self.metrics.swap(error.code)
            raise
        meta = bundle.meta
        self.metrics.swap("swapped")
        self._swapped(meta.name, meta.generation, close_old_streams)
        return {
            "name": meta.name,
            "generation": meta.generation,
            "serial": meta.serial,
            "staged": False,
            "swapped": True,
            "elapsed_ms": self._elapsed_ms(begun),
        }

    async def cancel_staged(self, name: str) -> JsonObject:
        """Withdraw what is staged."""
        async with self._swapping:
            cancelled = await self._worker.run(self.certificates.cancel_staged, name)
        return {"name": name, "cancelled": cancelled}

    async def _swap_due(self) -> None:
        async with self._swapping:
            done = await self._worker.run(self.certificates.swap_due)
        for staged, error in done:
            self.metrics.swap("swapped" if error is None else error.code)
            if error is None:
                self._swapped(staged.name, staged.generation, staged.close_old_streams)

    def _swapped(self, name: str, generation: int, close_old_streams: CloseOldStreams) -> None:
        """Tell of a swap that has taken place, and end old streams if that was asked for."""
        self._publish()
        ended = 0
        if close_old_streams == "now":
            ended = self.hub.reset_streams("the certificate was replaced")
        elif close_old_streams == "drain":
            ended = self.hub.drain_streams()
        fields = {"certificate": name, "generation": generation, "old_streams": close_old_streams, "ended": ended}
        logger.info("certificate swapped", extra=fields)

    async def _reload_certificates(self, options: CertificateOptions) -> bool:
        async def attempt() -> bool:
            async with self._swapping:
                return await self._worker.run(self.certificates.reload, options)

        changed = await retry_inconsistent(attempt)
        if changed:
            self.metrics.swap("swapped")
            logger.info("certificates reloaded", extra=dict(self.certificates.slot.current.generations))
        self._publish()
        return changed

    def _publish(self) -> None:
        serving = {bundle.meta.name: bundle.meta for bundle in self.certificates.serving}
        for name in self._published - serving.keys():
            self.metrics.certificate_gone(name)
        for meta in serving.values():
            self.metrics.certificate(meta.name, meta.generation, meta.not_after)
        self._published = set(serving)
        self.metrics.partners(len(self.hub.partners))

    # --- being asked

    async def ready(self) -> tuple[bool, list[str]]:
        """Give whether partners can be served, and every reason why not or why that is in danger."""
        return bool(self.certificates.serving), list(self.certificates.reasons())

    async def hello(self) -> JsonObject:
        """Give the version."""
        return {"version": VERSION}

    async def status(self) -> JsonObject:
        """Give the state of everything."""
        ready, reasons = await self.ready()
        staged = await self._worker.run(lambda: self.certificates.staged)
        domains = list(self.hub.homes)
        return {
            "ready": ready,
            "reasons": reasons,
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
            "partners": describe_partners(self.hub),
        }

    async def streams(self) -> JsonObject:
        """Give each stream."""
        return {"streams": describe_streams(self.hub)}

    # --- reload and partners

    async def reload(self) -> JsonObject:
        """Read limits, trust, access and certificates again; listeners and homes need a restart."""
        settings = self._reread() if self._reread is not None else self.settings
        notes: list[str] = []
        for what, old, new in (
            ("listen", self.settings.listen, settings.listen),
            ("home", self.settings.home, settings.home),
            ("gateway.state_dir", self.settings.gateway.state_dir, settings.gateway.state_dir),
            ("resolver", self.settings.resolver, settings.resolver),
        ):
            if old != new:
                notes.append(f"{what} has changed and takes effect at the next start")
        options = certificate_options(settings, domains=self.certificates.options.domains)
        if await self._reload_certificates(options):
            notes.append("certificates have changed")
        self.hub.limits = hub_limits(settings)
        self.hub.access = settings.access_policy
        logger.info("reloaded", extra={"notes": notes})
        return {"reloaded": True, "notes": notes}

    async def partners(self) -> JsonObject:
        """Give the partners."""
        return {"partners": [partner_to_json(partner) for partner in self.hub.partners]}

    async def put_partner(self, partner: JsonObject) -> JsonObject:
        """Add a partner, or replace the one of this domain."""
        wanted = partner_from_json(partner)
        difference = await self._worker.run(self._store.put, wanted, homes=tuple(self.hub.homes))
        await self._take_partners()
        domain = parse_domain(wanted.domain)
        warnings = [warning.message for warning in warn_partner(wanted)]
        return {"domain": domain, "created": domain in difference.added, "warnings": warnings}

    async def remove_partner(self, domain: str) -> JsonObject:
        """Take a partner away."""
        difference = await self._worker.run(self._store.remove, domain)
        await self._take_partners()
        return {"domain": domain, "removed": bool(difference.removed)}

    async def apply_partners(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        """Make the table equal ``partners``."""
        wanted = [partner_from_json(partner) for partner in partners]
        difference: PartnerDifference = await self._worker.run(
            self._store.apply, wanted, homes=tuple(self.hub.homes), dry_run=dry_run
        )
        if not dry_run:
            await self._take_partners()
        return {
            "added": list(difference.added),
            "changed": list(difference.changed),
            "removed": list(difference.removed),
            "warnings": [warning.message for partner in wanted for warning in warn_partner(partner)],
        }

    async def _take_partners(self) -> None:
        self.hub.set_partners(await self._worker.run(self._store.load))
        self._publish()

    def _render_metrics(self) -> bytes:
        self.metrics.ready(bool(self.certificates.serving))
        return self.metrics.render()

    def _elapsed_ms(self, begun: float) -> float:
        return round((self.clock.monotonic() - begun) * 1000, 1)


def certificate_options(settings: GatewaySettings, *, domains: tuple[str, ...] = ()) -> CertificateOptions:
    """Give what ``settings`` say of certificates and trust; ``domains`` takes the place of the homes."""
    return CertificateOptions(
        domains=domains or settings.home_domains,
        preference=settings.gateway.certificates,
        directory=settings.gateway.certificate_dir,
        trust_file=settings.trust.ca_file,
    )


def hub_limits(settings: GatewaySettings) -> HubLimits:
    """Give the limits that a reload may change."""
    limits = settings.limits
    return HubLimits(
        connection_limit=limits.connection_limit,
        partner_connection_limit=limits.partner_connection_limit,
        unauthenticated_per_address=limits.unauthenticated_per_address,
        keep_alive_interval=float(limits.keep_alive_interval),
        establishment_timeout=float(limits.stream_establishment_timeout),
        inactivity_timeout=float(limits.stream_inactivity_timeout),
    )


def _starttls_factory(hub: Hub) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: hub.make_inbound(direct_tls=False)


def _direct_factory(hub: Hub) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: hub.make_inbound(direct_tls=True)


def _component_factory(hub: Hub, domains: frozenset[str]) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: hub.make_component(domains)


async def _guard(work: Coroutine[object, object, None], name: str) -> None:
    """Do ``work``; a fault in it is told and ends this task alone, not the gateway."""
    try:
        await work
    except Exception:  # the top of a task
        logger.exception("task failed", extra={"task": name})
