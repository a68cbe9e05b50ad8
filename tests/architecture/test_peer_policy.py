"""A peer test that cannot run is told with its package, and fails where nobody reads what was skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SUITE: Final = """
import pytest

@pytest.mark.peer("no-such-package")
def test_with_a_peer(): pass

@pytest.mark.peer
def test_that_skips_itself(): pytest.skip("not today")

def test_without_a_peer(): pytest.skip("its own affair")
"""


@pytest.fixture
def run_suite(tmp_path: Path, request: pytest.FixtureRequest) -> subprocess.CompletedProcess[str]:
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CI": request.param}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
        "-p",
        "tests.conftest",
    ]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", str(tmp_path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("run_suite", [""], indirect=True)
def test_skips_and_names_the_package(run_suite: subprocess.CompletedProcess[str]) -> None:
    assert run_suite.returncode == 0
    assert "3 skipped" in run_suite.stdout
    assert "test_with_a_peer: needs the Debian package no-such-package: make peers" in run_suite.stdout
    assert "test_that_skips_itself: not today" in run_suite.stdout


@pytest.mark.parametrize("run_suite", ["true"], indirect=True)
def test_fails_in_ci(run_suite: subprocess.CompletedProcess[str]) -> None:
    assert run_suite.returncode == 1
    assert "a peer test may not be skipped with CI=true: not today" in run_suite.stdout
    assert "1 failed, 1 skipped" in run_suite.stdout
    assert "1 error" in run_suite.stdout
