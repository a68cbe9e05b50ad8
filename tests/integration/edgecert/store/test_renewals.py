from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.model.findings import Severity
from edgecert.model.renewalinfo import RenewalInfo
from edgecert.model.renewalstate import RenewalState, Trouble, Window
from edgecert.store.layout import Layout
from edgecert.store.renewals import MemoryRenewals, RenewalFiles, decode_state, encode_state

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 26, 8, 30, tzinfo=UTC)
INFO = RenewalInfo(NOW, NOW + timedelta(days=1), "https://ca.example/why", timedelta(hours=6))
FULL = RenewalState(
    generation=3,
    window=Window(3, INFO, NOW, NOW + timedelta(hours=6)),
    failures=2,
    retry_at=NOW,
    error=Trouble("refused", "closed", "wait", 6),
    alarm=Severity.ERROR,
    deployment=Trouble("deploy", "refused"),
    reminded_at=NOW,
)


@pytest.mark.parametrize("state", [RenewalState(), FULL, RenewalState(window=Window(1, None, None, NOW))])
def test_what_is_kept_comes_back(state: RenewalState) -> None:
    assert decode_state(encode_state(state)) == state


def test_a_file_beside_the_generations_and_damage_costs_an_attempt(tmp_path: Path) -> None:
    files = RenewalFiles(Layout(tmp_path))
    assert files.load("edge") == RenewalState()
    files.save("edge", FULL)
    assert files.load("edge") == RenewalState(), "there is no such lineage"
    (tmp_path / "certificates" / "edge").mkdir(parents=True)
    files.save("edge", FULL)
    assert files.load("edge") == FULL
    path = tmp_path / "certificates" / "edge" / "renewal.json"
    assert path.stat().st_mode & 0o777 == 0o600
    for text in ("", "{}", '{"generation": 1, "failures": 1, "alarm": "loud"}', "[]"):
        path.write_text(text)
        assert files.load("edge") == RenewalState()


def test_memory_does_the_same() -> None:
    records = MemoryRenewals()
    assert records.load("edge") == RenewalState()
    records.save("edge", FULL)
    assert records.load("edge") == FULL
