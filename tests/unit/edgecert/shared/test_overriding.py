from __future__ import annotations

from edgecert.shared.overriding import override


def test_the_mark_changes_nothing() -> None:
    def method() -> int:
        return 7

    assert override(method) is method
