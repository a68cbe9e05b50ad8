"""Every fault at every request of a whole issuance: a certificate or a clear error, and the next run finishes."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edgecert.issuers.acme.patience import PATIENCE
from edgecert.shared.errors import ExitCode
from tests.support.acmefaults import ON_CHAINS, Fault, NoFaults, Planned, problem
from tests.support.acmeruns import Runs
from tests.support.pki import Authority, to_pem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgecert.issuers.acme.transport import Response

NAMES = ("*.contoso.com",)
FOR_EVER = 10**9
MEMORY = Path("/dev/shm")  # noqa: S108  # a directory is made in it, privately
# What the CA did, but nobody here could know of: the order that was asked for again is a second one.
UNSEEN = frozenset({Fault.DROP_AFTER, Fault.HOLD_AFTER})
CLEAR = {
    "acme-unreachable": ExitCode.NETWORK,
    "acme-malformed": ExitCode.NETWORK,
    "acme-unavailable": ExitCode.NETWORK,
    "acme-rate-limited": ExitCode.REFUSED,
    "acme-refused": ExitCode.REFUSED,
    "chain-incomplete": ExitCode.FAILED,
    "key-mismatch": ExitCode.FAILED,
    "html-instead-of-certificate": ExitCode.FAILED,
    "truncated-pem": ExitCode.FAILED,
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: nothing here is about the disk."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(prefix="edgecert-faults-", dir=MEMORY) as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def other_chain() -> str:
    return to_pem(Authority.create("Some Other CA").cert).decode()


def hosts(place: Path, fault: Fault, other_chain: str, times: int) -> Iterator[tuple[Runs, Planned]]:
    """Give a fresh host for each request of an issuance, and the fault that is planned for it."""
    for number in count():
        runs = Runs(place / str(number), NAMES)
        runs.server.faults = planned = Planned(fault, number, times, other_chain=other_chain)
        yield runs, planned
        if number >= len(runs.server.requests):
            return  # it was planned for a request that never came


def finish(runs: Runs, planned: Planned) -> None:
    """See that the next run, without faults, ends with the certificate, the same key and what order there was."""
    orders = runs.orders()
    keys = {request.spki_sha256 for request in runs.store().requests("edge")}
    assert len(keys) == 1
    assert runs.leftovers() == []
    planned.times = 0
    assert runs.issue().action == "issued"
    assert {request.spki_sha256 for request in runs.store().requests("edge")} == keys
    if orders and planned.fault is not Fault.WRONG_CERTIFICATE:
        assert runs.orders() == orders


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
def test_a_fault_that_happens_once(place: Path, other_chain: str, fault: Fault) -> None:
    happened = 0
    for runs, planned in hosts(place, fault, other_chain, 1):
        error = runs.try_issue()
        happened += planned.happened
        if error is not None:
            assert error.exit_code is CLEAR[error.code], (planned.at, error.message)
            finish(runs, planned)
        assert [request.state for request in runs.store().requests("edge")] == ["completed"]
        assert runs.store().generations("edge") == (1,)
        assert runs.leftovers() == []
        assert runs.server.count("/newOrder") <= 1 + planned.happened
        assert len(runs.server.ca.issued) == 1
        assert len(runs.server.accounts) == 1
    assert happened >= (1 if fault in ON_CHAINS else 8)


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
def test_a_fault_that_stays_until_the_next_run(place: Path, other_chain: str, fault: Fault) -> None:
    for runs, planned in hosts(place, fault, other_chain, FOR_EVER):
        before = runs.clock.monotonic()
        error = runs.try_issue()
        if not planned.happened:
            assert error is None
            continue
        assert runs.clock.monotonic() - before <= PATIENCE
        if error is not None:
            assert error.exit_code is CLEAR[error.code], (planned.at, error.message)
            assert error.hint
            finish(runs, planned)
        assert runs.store().generations("edge") == (1,)
        assert runs.leftovers() == []
        if fault not in UNSEEN | {Fault.WRONG_CERTIFICATE}:
            assert len(runs.server.ca.issued) == 1


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.HOLD_AFTER, Fault.MALFORMED], ids=lambda fault: fault.name)
def test_a_ca_that_does_not_want_to_be_told_twice_is_asked_how_the_name_stands(place: Path, fault: Fault) -> None:
    runs = Runs(place, NAMES)
    runs.server.faults = planned = Planned(fault, path="/chall/")
    assert runs.issue().action == "issued"
    assert planned.happened == 1
    assert runs.leftovers() == []


def test_an_answer_that_is_refused_while_the_name_is_pending_is_told(place: Path) -> None:
    runs = Runs(place, NAMES)
    runs.server.faults = Refusing()
    error = runs.try_issue()
    assert error is not None
    assert (error.code, "no challenge today" in error.message) == ("acme-refused", True)
    assert runs.leftovers() == []


class Refusing(NoFaults):
    """Refuses every answer to a challenge."""

    @override
    def before(self, number: int, method: str, path: str) -> Response | None:
        del number, method
        return problem(400, "malformed", "no challenge today", "") if path.startswith("/chall/") else None
