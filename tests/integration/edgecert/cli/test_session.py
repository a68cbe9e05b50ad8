"""What verbs begin with, and how exit codes of several lineages add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.cli.session import worst
from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    from tests.support.cli import Host


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 5], 5),
        ([5, 1], 1),
        ([1, 6, 7], 7),
        ([8, 9, 0], 9),
        ([7, 8], 8),
    ],
)
def test_the_worst_of_several_wins(codes: list[int], expected: int) -> None:
    assert worst(ExitCode(code) for code in codes) == expected


def test_the_only_certificate_needs_no_name_and_several_do(host: Host) -> None:
    assert host.run("show").error_code == "no-such-certificate"
    host.apply()
    assert host.run("show").code == 0
    host.apply("--name", "second", "--take-over")
    ran = host.run("show")
    assert ran.code == 2
    assert "edge, second" in str(ran.document["error"]["message"])
