"""A gateway's control plane that answers every call and keeps what was asked."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import ControlError, EdgecertError
from gateway.net.control import ControlServer
from gateway.net.controlplane import ControlPlane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from edgecert.shared.control import CloseOldStreams, SwapRequest
    from edgecert.shared.jsonvalue import JsonObject


@dataclass
class RecordingPlane(ControlPlane):
    """Keeps calls in :attr:`calls`, raises :attr:`fault` if there is one, answers with its other fields."""

    calls: list[tuple[object, ...]] = field(default_factory=list)
    fault: Exception | None = None
    is_ready: bool = True
    state: dict[str, object] = field(default_factory=dict)
    open_streams: list[JsonObject] = field(default_factory=list)
    table: list[JsonObject] = field(default_factory=list)
    waiting: list[JsonObject] = field(default_factory=list)
    steps: list[JsonObject] = field(default_factory=list)
    faults: list[JsonObject] = field(default_factory=list)
    withdrawn: JsonObject | None = None
    """What a swap of a held generation withdraws."""
    no_failures: bool = False
    """As of a release that has no such call."""

    def record(self, *call: object) -> None:
        """Keep a call, or raise."""
        self.calls.append(call)
        if self.fault:
            raise self.fault

    @override
    async def ready(self) -> tuple[bool, list[str]]:
        return self.is_ready, [] if self.is_ready else ["no certificate"]

    @override
    async def status(self) -> JsonObject:
        if self.fault:
            raise self.fault
        state: JsonObject = self.state  # type: ignore[assignment]  # tests put JSON there
        return {"ready": self.is_ready, **state}

    @override
    async def streams(self) -> JsonObject:
        return {"streams": self.open_streams}

    @override
    async def failures(self) -> JsonObject:
        if self.no_failures:
            raise ControlError("/v1/failures is not a call of this socket", code="no-such-call")
        return {"failures": self.faults}

    @override
    async def queues(self) -> JsonObject:
        return {"queues": self.waiting}

    @override
    async def swap(self, request: SwapRequest) -> JsonObject:
        self.record("swap", request)
        return {"swapped": request.effective_at is None, "staged": request.effective_at is not None}

    @override
    async def swap_held(self, name: str, generation: int | None, close_old_streams: CloseOldStreams) -> JsonObject:
        self.record("swap_held", name, generation, close_old_streams)
        said: JsonObject = {"name": name, "generation": generation or 1, "serial": "ab", "swapped": True}
        return {**said, "elapsed_ms": 3, "withdrawn": self.withdrawn}

    @override
    async def stage_held(
        self, name: str, generation: int, effective_at: datetime, close_old_streams: CloseOldStreams
    ) -> JsonObject:
        self.record("stage_held", name, generation, effective_at, close_old_streams)
        return {"name": name, "generation": generation, "serial": "ab", "staged": True, "elapsed_ms": 3}

    @override
    async def cancel_staged(self, name: str) -> JsonObject:
        self.record("cancel_staged", name)
        return {"name": name, "cancelled": True}

    @override
    async def reload(self) -> JsonObject:
        self.record("reload")
        return {"reloaded": True, "notes": ["certificates have changed"]}

    @override
    async def add_http01(self, tokens: Mapping[str, str]) -> JsonObject:
        self.record("add_http01", dict(tokens))
        return {"known": len(tokens)}

    @override
    async def forget_http01(self, tokens: Sequence[str]) -> JsonObject:
        self.record("forget_http01", list(tokens))
        return {"known": 0}

    @override
    async def partners(self) -> JsonObject:
        return {"partners": self.table}

    @override
    async def put_partner(self, partner: JsonObject) -> JsonObject:
        self.record("put_partner", partner)
        return {"domain": partner["domain"], "created": True, "warnings": ["watch out"]}

    @override
    async def remove_partner(self, domain: str) -> JsonObject:
        self.record("remove_partner", domain)
        return {"domain": domain, "removed": True}

    @override
    async def apply_partners(self, partners: Sequence[JsonObject], *, dry_run: bool) -> JsonObject:
        self.record("apply_partners", list(partners), dry_run)
        return {"added": [], "changed": [], "removed": [], "warnings": []}

    @override
    async def contacts(self, home: str, partner: str) -> JsonObject:
        self.record("contacts", home, partner)
        return {"contacts": [], "knocks": []}

    @override
    async def add_contact(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        self.record("add_contact", home, partner, dry_run)
        return {"home": home, "partner": partner, "changed": True, "before": {}, "after": {}, "warnings": []}

    @override
    async def remove_contact(self, home: str, partner: str, *, dry_run: bool) -> JsonObject:
        self.record("remove_contact", home, partner, dry_run)
        return {"home": home, "partner": partner, "changed": True, "before": {}, "after": {}, "warnings": []}

    @override
    async def start_partner_test(self, domain: str, home: str) -> JsonObject:
        self.record("start_partner_test", domain, home)
        return {"id": "t1", "domain": domain, "home": home or "contoso.example", "is_partner": False}

    @override
    async def partner_test(self, identity: str, after: int) -> JsonObject:
        self.record("partner_test", identity, after)
        finished = after + 1 >= len(self.steps)
        reached = bool(self.steps) and all(step["outcome"] != "failed" for step in self.steps)
        steps: list[JsonObject] = self.steps[after : after + 1]
        return {"steps": steps, "finished": finished, "reached": reached}


@dataclass
class PlaneRig:
    """A control server with a recording plane behind it, and ways to call it from its own event loop."""

    plane: RecordingPlane
    server: ControlServer
    control: Path
    status: Path

    async def call(self, work: Callable[[ControlClient], JsonObject], *, socket: str = "control") -> JsonObject:
        path = self.control if socket == "control" else self.status
        return await asyncio.to_thread(work, ControlClient(path))

    async def refusal(self, work: Callable[[ControlClient], JsonObject], *, socket: str = "control") -> EdgecertError:
        with pytest.raises(EdgecertError) as caught:
            await self.call(work, socket=socket)
        return caught.value

    async def raw(self, data: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.control)
        with contextlib.closing(writer):
            writer.write(data)
            return await reader.read()


@asynccontextmanager
async def serving_plane(directory: Path) -> AsyncIterator[PlaneRig]:
    """Serve a recording plane on sockets in ``directory`` and a metrics port."""
    plane = RecordingPlane()
    control, status = directory / "control.sock", directory / "status.sock"
    server = ControlServer(
        plane, control, status, metrics=lambda: b"up 1\n", version="1.2", metrics_listen="127.0.0.1:0"
    )
    async with server:
        yield PlaneRig(plane, server, control, status)
