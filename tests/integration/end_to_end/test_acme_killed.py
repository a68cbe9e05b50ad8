"""kill -9 at every write step of an ACME issuance: the next run finishes with the same key and the same order."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.acmekills import KilledHost, killed_host
from tests.support.forks import run_forked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEP_LIMIT = 600
SLICES = 4


@pytest.fixture
def place(tmp_path: Path) -> Iterator[KilledHost]:
    with killed_host(tmp_path) as made:
        made.run()  # loads every module, which else each of the forked runs would do
        yield made


@pytest.mark.parametrize("part", range(SLICES))
def test_a_run_that_is_killed_at_any_step_is_gone_on_with(place: KilledHost, part: int) -> None:
    for number in range(1 + part, STEP_LIMIT, SLICES):
        place.step = number
        place.host.server.forget()
        code = run_forked(place.run, crash_at=f"*:{number}")
        if code == 0:
            assert number > 100, "so few steps cannot be all"
            return
        assert code == -signal.SIGKILL, f"step {number}: exit code {code}"
        place.finish(number, lambda: run_forked(place.run))
    pytest.fail("there is no end to the steps")


def test_a_roll_over_that_is_killed_loses_no_account(place: KilledHost) -> None:
    server = place.host.server
    for number in range(1, STEP_LIMIT):
        place.step = number
        server.forget()
        place.run("account", "show")
        (old,) = place.account_keys()
        code = run_forked(lambda: place.run("account", "roll-over"), crash_at=f"*:{number}")
        assert code in (0, -signal.SIGKILL), f"step {number}: exit code {code}"
        assert run_forked(lambda: place.run("account", "show")) == 0, f"step {number}: the account is lost"
        assert len(server.accounts) == 1
        assert [path.name for path in place.state.glob("accounts/*/next-key.pem")] == []
        if code == 0:
            assert place.account_keys() != [old]
            assert number > 7, "so few steps cannot be all"
            return
    pytest.fail("there is no end to the steps")
