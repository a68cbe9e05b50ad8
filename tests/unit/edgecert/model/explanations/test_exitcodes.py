from __future__ import annotations

from edgecert.model.explanations.exitcodes import EXIT_CODES
from edgecert.shared.errors import ExitCode


def test_each_exit_code_is_explained_in_order() -> None:
    assert list(EXIT_CODES) == sorted(ExitCode)
