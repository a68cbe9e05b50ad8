"""What holds for every test: hypothesis profiles, and what a skipped peer test means."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

PEERS = Path(__file__).parent / "peers"
IN_CI = os.environ.get("CI") == "true"

# What a person has set for their own edgecert decides no test.
for name in [name for name in os.environ if name.startswith("EDGECERT_")]:
    del os.environ[name]

# A run in the background of a shell ignores SIGINT and would hand that on to the programs that are interrupted here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("fast", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@cache
def is_installed(package: str) -> bool:
    """Tell whether a Debian package is there; where there is no dpkg, whether a command of its name is."""
    if shutil.which("dpkg-query") is None:
        return shutil.which(package) is not None
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, check=False, text=True).stdout == "installed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if PEERS in item.path.parents and item.get_closest_marker("peer") is None:
            item.add_marker(pytest.mark.peer)


def pytest_runtest_setup(item: pytest.Item) -> None:
    wanted = [package for marker in item.iter_markers("peer") for package in marker.args]
    missing = [package for package in wanted if not is_installed(package)]
    if missing:
        pytest.skip(f"needs the Debian package {' '.join(missing)}: make peers")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("peer") is not None:
        reason = reason_of(report)
        report.user_properties.append(("peer-skipped", reason))
        if IN_CI:
            report.outcome = "failed"
            report.longrepr = f"a peer test may not be skipped with CI=true: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and IN_CI and PEERS in collector.path.parents:
        report.outcome = "failed"
        report.longrepr = f"a peer test may not be skipped with CI=true: {reason_of(report)}"
    return report


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each skipped peer test with what it needs."""
    lines = [
        f"{report.nodeid}: {reason}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, reason in report.user_properties
        if name == "peer-skipped"
    ]
    if lines:
        terminalreporter.section("peer tests that were skipped")
        for line in sorted(set(lines)):
            terminalreporter.line(line)
