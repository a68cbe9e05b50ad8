"""A host to run verbs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.cli import Host

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """An empty host with a flags file."""
    return Host(tmp_path)
