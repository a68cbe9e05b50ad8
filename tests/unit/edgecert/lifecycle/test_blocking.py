"""A blocked key is refused with the reason."""

from __future__ import annotations

import pytest

from edgecert.lifecycle.blocking import verify_not_blocked
from edgecert.shared.errors import MaterialError
from edgecert.store.blockedkeys import MemoryBlockedKeys


def test_refuses_a_blocked_key_and_says_why() -> None:
    blocked = MemoryBlockedKeys()
    verify_not_blocked(blocked, "ab")
    blocked.block("ab", "found on a paste site")
    blocked.block("ab", "said again")
    verify_not_blocked(blocked, "cd")
    with pytest.raises(MaterialError, match="found on a paste site") as caught:
        verify_not_blocked(blocked, "ab")
    assert caught.value.code == "key-blocked"
