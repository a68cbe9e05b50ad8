"""Two real gateways federate two components: messages both ways while certificates are swapped and streams reset."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench.demo import Demo, inbound_streams
from bench.demoparts import HandshakeLoop, Side
from tests.support.net import loopback_net
from tests.support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def open_streams(demo: Demo, side: Side) -> set[str]:
    """Give the streams that are inbound at ``side`` now."""
    return inbound_streams(demo.run("edgecert-gateway", "streams", "--socket", side.status_socket))


def test_nothing_is_lost_while_both_sides_renew(tmp_path: Path) -> None:
    with loopback_net() as net, ExitStack() as stack:
        demo = Demo(tmp_path, net, stack, swaps=4)
        demo.build_stage()
        demo.issue()
        demo.start_gateways()
        demo.apply()
        demo.start_traffic()
        loops = [HandshakeLoop(f"{side.address}:5269", side.domain) for side in demo.sides]
        for loop in loops:
            stack.callback(loop.stop)
        demo.renew(loops)
        for side in demo.sides:
            assert side.streams <= open_streams(demo, side), "a swap drops no stream"
        for side in demo.sides:
            arguments = ("renew", side.lineage, "--force", "--close-old-streams", "now", "--state-dir", side.state_dir)
            demo.run("edgecert", *arguments)
        for side in demo.sides:
            wait_until(lambda: not side.streams & open_streams(demo, side), what="old streams are gone")  # noqa: B023
        rows = demo.count()

    assert [(renewal.side, renewal.old != renewal.new) for renewal in demo.renewals] == [
        ("contoso", True),
        ("fabrikam", True),
    ] * 2
    assert [side.certificate["generation"] for side in demo.sides] == [3, 3]
    for _side, sent, received, _dropped in rows:
        assert sent > 10
        assert received == sent, "nor does a reset lose a message"
    for loop in loops:
        assert loop.tried > 10
        assert (loop.failed, loop.last_error) == (0, "")
