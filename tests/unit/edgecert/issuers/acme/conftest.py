from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acmeparts import Parts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)
