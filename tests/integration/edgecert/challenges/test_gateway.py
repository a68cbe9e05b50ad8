from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.gateway import GatewaySolver
from edgecert.model.challenge import Challenge
from edgecert.shared.errors import ChallengeError, ControlError
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from pathlib import Path

ONE = Challenge("http-01", "sip.contoso.com", "sip.contoso.com", "token-1", "token-1.print")
TWO = Challenge("http-01", "contoso.com", "contoso.com", "token-2", "token-2.print")


async def test_all_tokens_of_an_order_go_in_one_call_and_out_in_another(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        solver = GatewaySolver(str(rig.control))
        await asyncio.to_thread(solver.present, (ONE, TWO))
        await asyncio.to_thread(solver.clean_up, (ONE, TWO))
        assert rig.plane.calls == [
            ("add_http01", {"token-1": "token-1.print", "token-2": "token-2.print"}),
            ("forget_http01", ["token-1", "token-2"]),
        ]


async def test_a_gateway_that_does_not_listen_for_it_is_told_with_the_key(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        rig.plane.fault = ControlError("no listener", code="http01-not-listening")
        solver = GatewaySolver(str(rig.control))
        with pytest.raises(ChallengeError, match="no listener") as caught:
            await asyncio.to_thread(solver.present, (ONE,))
        assert caught.value.code == "gateway-http01"
        assert "gateway.toml" in caught.value.hint
        await asyncio.to_thread(solver.clean_up, (ONE,))  # where nothing listens, nothing was left


async def test_another_refusal_is_told_as_it_is(tmp_path: Path) -> None:
    async with serving_plane(tmp_path) as rig:
        rig.plane.fault = ControlError("too many", code="http01-full", hint="wait")
        solver = GatewaySolver(str(rig.control))
        with pytest.raises(ControlError, match="too many"):
            await asyncio.to_thread(solver.present, (ONE,))
        with pytest.raises(ChallengeError, match="too many"):
            await asyncio.to_thread(solver.clean_up, (ONE,))


def test_a_gateway_that_does_not_run_cannot_answer_and_has_nothing_to_forget(tmp_path: Path) -> None:
    solver = GatewaySolver(str(tmp_path / "control.sock"))
    with pytest.raises(ChallengeError, match="no gateway listens") as caught:
        solver.present((ONE,))
    assert caught.value.code == "gateway-http01"
    solver.clean_up((ONE,))
