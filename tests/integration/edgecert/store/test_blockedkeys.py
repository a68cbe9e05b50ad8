"""The block list on disk: it outlives processes and lineages, and what cannot be read lets nothing through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import StoreError
from edgecert.store.blockedkeys import BlockedKeysFile
from edgecert.store.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "locks").mkdir()
    return Layout(tmp_path)


def test_another_process_sees_what_was_blocked_and_the_first_reason_stays(layout: Layout) -> None:
    BlockedKeysFile(layout).block("ab", "first")
    BlockedKeysFile(layout).block("ab", "second")
    BlockedKeysFile(layout).block("cd", "third")
    again = BlockedKeysFile(layout)
    assert [again.reason(key) for key in ("ab", "cd", "ef")] == ["first", "third", ""]
    assert layout.blocked_keys_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"blocked": []}', b'{"blocked": {"ab": 1}}'])
def test_a_damaged_list_is_an_error_and_not_an_empty_one(layout: Layout, content: bytes) -> None:
    layout.blocked_keys_file.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        BlockedKeysFile(layout).reason("ab")
    assert caught.value.code == "record-damaged"
