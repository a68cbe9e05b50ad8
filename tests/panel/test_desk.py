"""The panel's calls over real sockets: each reaches the gateway; and which socket there is decides what may be done."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import TargetNotRunningError
from gateway.panel.desk import SocketDesk, open_desk
from tests.support.panel import FAILURE, STREAM, partner
from tests.support.plane import PlaneRig, serving_plane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PlaneRig]:
    async with serving_plane(tmp_path) as serving:
        yield serving


async def opened(rig: PlaneRig, control: Path | None = None, status: Path | None = None) -> SocketDesk:
    paths = {True: control or rig.control, False: status or rig.status}
    return await asyncio.to_thread(open_desk, lambda changing: ControlClient(paths[changing]))


async def test_a_look_has_all_that_changes_by_itself(rig: PlaneRig) -> None:
    rig.plane.table, rig.plane.open_streams, rig.plane.faults = [partner("a.example")], [STREAM], [FAILURE]
    desk = await opened(rig)
    seen = await asyncio.to_thread(desk.look)
    assert seen["partners"] == [partner("a.example")]
    assert seen["streams"] == [STREAM]
    assert seen["failures"] == [FAILURE]
    assert seen["status"] == {"ready": True}
    assert not desk.read_only


async def test_every_change_reaches_the_gateway(rig: PlaneRig) -> None:
    desk, when = await opened(rig), datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
    rig.plane.calls.clear()

    def work() -> None:
        desk.contacts()
        desk.apply_partners([partner("a.example")], dry_run=True)
        desk.put_partner(partner("a.example"))
        desk.remove_partner("a.example")
        desk.add_contact("b@h.example", "a@p.example")
        desk.remove_contact("b@h.example", "a@p.example")
        desk.swap("edge", None, "drain")
        desk.stage("edge", 3, when, "keep")
        desk.cancel_staged("edge")
        begun = desk.start_test("p.example")
        desk.test_steps(str(begun["id"]), 0)

    await asyncio.to_thread(work)
    assert rig.plane.calls == [
        ("contacts", "", ""),
        ("apply_partners", [partner("a.example")], True),
        ("put_partner", partner("a.example")),
        ("remove_partner", "a.example"),
        ("add_contact", "b@h.example", "a@p.example", False),
        ("remove_contact", "b@h.example", "a@p.example", False),
        ("swap_held", "edge", None, "drain"),
        ("stage_held", "edge", 3, when, "keep"),
        ("cancel_staged", "edge"),
        ("start_partner_test", "p.example", ""),
        ("partner_test", "t1", 0),
    ]


async def test_where_only_the_status_socket_is_there_it_only_shows(rig: PlaneRig, tmp_path: Path) -> None:
    desk = await opened(rig, control=tmp_path / "none.sock")
    assert desk.read_only
    assert (await asyncio.to_thread(desk.look))["status"] == {"ready": True}


async def test_a_status_socket_that_is_named_is_known_by_what_it_refuses(rig: PlaneRig) -> None:
    assert (await opened(rig, control=rig.status)).read_only


async def test_without_a_gateway_the_error_is_that_of_the_control_socket(rig: PlaneRig, tmp_path: Path) -> None:
    with pytest.raises(TargetNotRunningError, match=r"none\.sock"):
        await opened(rig, control=tmp_path / "none.sock", status=tmp_path / "neither.sock")
