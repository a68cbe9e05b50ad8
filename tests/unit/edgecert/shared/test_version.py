from __future__ import annotations

from importlib.metadata import version

from edgecert.shared.version import VERSION


def test_the_version_is_the_distributions() -> None:
    assert version("edgecert") == VERSION
