"""The control sockets, called by the client that edgecert uses."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import LockedError, TargetNotRunningError
from gateway.net.control import MAX_CONNECTIONS, ControlServer
from tests.support.plane import PlaneRig, serving_plane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PlaneRig]:
    async with serving_plane(tmp_path) as serving:
        yield serving


async def test_sockets_have_the_modes_that_the_reference_promises(rig: PlaneRig) -> None:
    assert stat.S_IMODE(rig.control.stat().st_mode) == 0o600
    assert stat.S_IMODE(rig.status.stat().st_mode) == 0o660


async def test_both_sockets_answer_reading_calls(rig: PlaneRig) -> None:
    for socket in ("control", "status"):
        assert await rig.call(lambda client: client.get("/v1/status"), socket=socket) == {"ready": True}
        hello = await rig.call(lambda client: client.get("/v1/hello"), socket=socket)
        assert hello == {"api_min": 1, "api_max": 1, "version": "1.2"}


async def test_health_and_metrics_answer_on_the_metrics_port_and_nothing_else_does(rig: PlaneRig) -> None:
    host, _, port = rig.server.metrics_address.rpartition(":")

    async def ask(path: str) -> bytes:
        reader, writer = await asyncio.open_connection(host, int(port))
        with contextlib.closing(writer):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return await reader.read()

    metrics = await ask("/metrics")
    assert b"version=0.0.4" in metrics
    assert metrics.endswith(b"up 1\n")
    assert b" 200 " in (await ask("/health/ready")).splitlines()[0]
    rig.plane.is_ready = False
    assert b" 503 " in (await ask("/health/ready")).splitlines()[0]
    assert b" 200 " in (await ask("/health/live")).splitlines()[0]
    assert b" 404 " in (await ask("/v1/status")).splitlines()[0]


async def test_connections_beyond_the_bound_are_turned_away_and_others_answered_later(rig: PlaneRig) -> None:
    held = [await asyncio.open_unix_connection(rig.control) for _ in range(MAX_CONNECTIONS)]
    refusal = await rig.refusal(lambda client: client.get("/v1/status"))
    assert refusal.code == "control-answer"
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
    assert await rig.call(lambda client: client.get("/v1/status")) == {"ready": True}


async def test_another_gateway_at_the_same_place_is_refused_and_the_first_goes_on(rig: PlaneRig) -> None:
    with pytest.raises(LockedError, match="another gateway"):
        await ControlServer(rig.plane, rig.control, rig.status).start()
    assert await rig.call(lambda client: client.get("/v1/status")) == {"ready": True}


async def test_closing_takes_the_files_away_and_nobody_listens_any_more(rig: PlaneRig) -> None:
    await rig.server.close()
    assert not rig.control.exists()
    with pytest.raises(TargetNotRunningError):
        await rig.call(lambda client: client.get("/v1/status"))
