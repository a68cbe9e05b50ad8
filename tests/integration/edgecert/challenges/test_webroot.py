from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.webroot import WebrootSolver
from edgecert.model.challenge import Challenge
from edgecert.shared.errors import ChallengeError

if TYPE_CHECKING:
    from pathlib import Path

ONE = Challenge("http-01", "sip.contoso.com", "sip.contoso.com", "token-1", "token-1.print")
TWO = Challenge("http-01", "contoso.com", "contoso.com", "token-2", "token-2.print")


def test_files_are_there_for_everybody_and_then_gone(tmp_path: Path) -> None:
    solver, place = WebrootSolver(tmp_path), tmp_path / ".well-known" / "acme-challenge"
    solver.present((ONE, TWO))
    solver.present((ONE,))
    assert (place / "token-1").read_text(encoding="utf-8") == "token-1.print"
    assert (place / "token-2").stat().st_mode & 0o777 == 0o644
    assert place.stat().st_mode & 0o777 == 0o755
    solver.clean_up((ONE, TWO))
    solver.clean_up((ONE, TWO))
    assert list(place.iterdir()) == []


def test_a_webroot_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ChallengeError) as caught:
        WebrootSolver(tmp_path / "absent").present((ONE,))
    assert caught.value.code == "webroot-unwritable"
    assert list(tmp_path.iterdir()) == []


def test_what_stands_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / ".well-known").write_text("a file", encoding="utf-8")
    with pytest.raises(ChallengeError) as caught:
        WebrootSolver(tmp_path).present((ONE,))
    assert caught.value.code == "webroot-unwritable"


def test_what_a_killed_run_was_writing_is_taken_away_and_nobody_elses(tmp_path: Path) -> None:
    solver, place = WebrootSolver(tmp_path), tmp_path / ".well-known" / "acme-challenge"
    solver.clean_up((ONE,))
    solver.present((TWO,))
    for name in (".token-1.0123456789ab.tmp", ".token-3.0123456789ab.tmp"):
        (place / name).touch()
    solver.clean_up((ONE,))
    assert {path.name for path in place.iterdir()} == {"token-2", ".token-3.0123456789ab.tmp"}
