"""Two real gateways federate two components: messages both ways while certificates are renewed and swapped."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench.demo import Demo
from bench.demoparts import HandshakeLoop
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from pathlib import Path


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
        rows = demo.count()

    assert [(renewal.side, renewal.old != renewal.new) for renewal in demo.renewals] == [
        ("contoso", True),
        ("fabrikam", True),
    ] * 2
    assert [side.certificate["generation"] for side in demo.sides] == [3, 3]
    for _side, sent, received, dropped in rows:
        assert sent > 10
        assert (received, dropped) == (sent, 0)
    for loop in loops:
        assert loop.tried > 10
        assert (loop.failed, loop.last_error) == (0, "")
