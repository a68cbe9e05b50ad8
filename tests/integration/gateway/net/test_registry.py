from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.net import registry as registry_module
from gateway.net.registry import ConnectionRegistry

if TYPE_CHECKING:
    import pytest


class FakeConnection:
    def __init__(self, registry: ConnectionRegistry) -> None:
        self.aborted = False
        self.was_cut_off = False
        self._registry = registry
        registry.add(self)

    def abort(self) -> None:
        self.aborted = True
        self._registry.discard(self)

    def cut_off(self) -> None:
        self.was_cut_off = True


async def test_nothing_open_is_nothing_to_wait_for() -> None:
    await ConnectionRegistry().wait_gone(60.0)


async def test_who_does_not_go_is_cut() -> None:
    registry = ConnectionRegistry()
    gone, stays = FakeConnection(registry), FakeConnection(registry)
    registry.discard(gone)
    assert len(registry) == 1
    await registry.wait_gone(0.0)
    assert (gone.aborted, stays.aborted) == (False, True)


async def test_when_too_much_is_held_in_all_the_largest_has_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "MAX_HELD", 100)
    registry = ConnectionRegistry()
    small, large, last = (FakeConnection(registry) for _ in range(3))
    registry.account(small, 30)
    registry.account(large, 60)
    registry.account(small, 10)
    assert registry.held == 70
    registry.account(last, 40)
    assert [each.was_cut_off for each in (small, large, last)] == [False, True, False]
    assert registry.held == 50
    registry.discard(last)
    registry.discard(small)
    assert registry.held == 0
    registry.account(small, 99)  # gone: nothing is held for it any more
    assert registry.held == 0
