"""Certificates put into service: at once, at a date, or as a directory has them; one change at a time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import EdgecertError
from gateway.service.certificates import retry_inconsistent
from gateway.service.report import describe_swap
from gateway.tls.material import StagedMaterial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from edgecert.shared.clock import Clock
    from edgecert.shared.control import CloseOldStreams, SwapRequest
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.net.hub import Hub
    from gateway.net.metrics import Metrics
    from gateway.service.certificates import CertificateOptions, Certificates
    from gateway.service.worker import Worker

logger = logging.getLogger(__name__)

DIRECTORY_INTERVAL: Final = 10.0
STAGED_INTERVAL: Final = 30.0


class SwapDesk:
    """Swaps, stages and reloads; tells the metrics, and ends old streams where that was asked for."""

    def __init__(self, certificates: Certificates, hub: Hub, worker: Worker, clock: Clock, metrics: Metrics) -> None:
        """Change ``certificates`` in the thread of ``worker``."""
        self._certificates = certificates
        self._hub = hub
        self._worker = worker
        self._clock = clock
        self._metrics = metrics
        self._swapping = asyncio.Lock()
        self._staged_changed = asyncio.Event()
        self._published: set[str] = set()

    async def begin(self) -> None:
        """Take what was in service when the gateway last ran, and what was due meanwhile."""
        await self._worker.run(self._certificates.load)
        await self._swap_due()
        self._publish()

    async def swap(self, request: SwapRequest) -> JsonObject:
        """Keep a generation and put it into service, or stage it."""
        begun, meta = self._clock.monotonic(), request.bundle.meta
        async with self._changing():
            before = await self._worker.run(self._certificates.staged_of, meta.name)
            swapped = await self._worker.run(self._certificates.swap, request)
        if swapped:
            self._swapped(meta.name, meta.generation, request.close_old_streams)
        else:
            self._metrics.swap("staged")
            self._staged_changed.set()
        return describe_swap(meta, self._clock.monotonic() - begun, swapped=swapped, before=before)

    async def swap_held(self, name: str, generation: int | None, close_old_streams: CloseOldStreams) -> JsonObject:
        """Put a generation into service that is kept here."""
        begun = self._clock.monotonic()
        async with self._changing():
            before = await self._worker.run(self._certificates.staged_of, name)
            bundle = await self._worker.run(self._certificates.swap_held, name, generation)
        self._swapped(name, bundle.meta.generation, close_old_streams)
        return describe_swap(bundle.meta, self._clock.monotonic() - begun, swapped=True, before=before)

    async def stage_held(
        self, name: str, generation: int, effective_at: datetime, close_old_streams: CloseOldStreams
    ) -> JsonObject:
        """Stage a generation that is kept here; a date that is past swaps at once."""
        if effective_at <= self._clock.now():
            return await self.swap_held(name, generation, close_old_streams)
        begun = self._clock.monotonic()
        staged = StagedMaterial(name, generation, effective_at, close_old_streams, rollback=True)
        async with self._changing():
            before = await self._worker.run(self._certificates.staged_of, name)
            bundle = await self._worker.run(self._certificates.stage_held, staged)
        self._metrics.swap("staged")
        self._staged_changed.set()
        return describe_swap(bundle.meta, self._clock.monotonic() - begun, swapped=False, before=before)

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        """Let one change of the certificates happen at a time, and count those that are refused."""
        async with self._swapping:
            try:
                yield
            except EdgecertError as error:
                self._metrics.swap(error.code)
                raise

    async def cancel_staged(self, name: str) -> JsonObject:
        """Withdraw what is staged."""
        async with self._swapping:
            cancelled = await self._worker.run(self._certificates.cancel_staged, name)
        return {"name": name, "cancelled": cancelled}

    async def _swap_due(self) -> None:
        async with self._swapping:
            done = await self._worker.run(self._certificates.swap_due)
        for staged, error in done:
            if error is not None:
                self._metrics.swap(error.code)
            else:
                self._swapped(staged.name, staged.generation, staged.close_old_streams)

    def _swapped(self, name: str, generation: int, close_old_streams: CloseOldStreams) -> None:
        """Tell of a swap that has taken place, and end old streams if that was asked for."""
        self._metrics.swap("swapped")
        self._publish()
        ended = 0
        if close_old_streams == "now":
            ended = self._hub.reset_streams("the certificate was replaced")
        elif close_old_streams == "drain":
            ended = self._hub.draining.begin()
        fields = {"certificate": name, "generation": generation, "old_streams": close_old_streams, "ended": ended}
        logger.info("certificate swapped", extra=fields)

    async def reload(self, options: CertificateOptions) -> bool:
        """Take over changed options, and what a directory holds now; give whether certificates have changed."""

        async def attempt() -> bool:
            async with self._swapping:
                return await self._worker.run(self._certificates.reload, options)

        changed = await retry_inconsistent(attempt)
        if changed:
            self._metrics.swap("swapped")
            logger.info("certificates reloaded", extra=dict(self._certificates.slot.current.generations))
        self._publish()
        return changed

    def _publish(self) -> None:
        serving = {bundle.meta.name: bundle.meta for bundle in self._certificates.serving}
        for name in self._published - serving.keys():
            self._metrics.certificate_gone(name)
        for meta in serving.values():
            self._metrics.certificate(meta.name, meta.generation, meta.not_after)
        self._published = set(serving)

    # --- by itself

    async def keep_dates(self) -> None:
        """Put into service at its date whatever is staged, as long as this runs."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(await self._next_wait()):
                    await self._staged_changed.wait()
            self._staged_changed.clear()
            await self._swap_due()

    async def _next_wait(self) -> float:
        """Give how long to wait: to the next date, but never so long that a changed clock goes unnoticed."""
        staged = await self._worker.run(lambda: self._certificates.staged)
        waits = [(item.effective_at - self._clock.now()).total_seconds() for item in staged]
        return max(0.0, min([STAGED_INTERVAL, *waits]))

    async def keep_directory(self) -> None:
        """Take what appears in the directory of certificates, as long as this runs."""
        while True:
            await asyncio.sleep(DIRECTORY_INTERVAL)
            try:
                await self.reload(self._certificates.options)
            except EdgecertError as error:
                self._certificates.faults["certificate_dir"] = f"warning: {error.message}"
                logger.warning("certificate directory not taken", extra={"why": error.message})
