from __future__ import annotations

from gateway.net.registry import ConnectionRegistry


class FakeConnection:
    def __init__(self, registry: ConnectionRegistry) -> None:
        self.aborted = False
        self._registry = registry
        registry.add(self)

    def abort(self) -> None:
        self.aborted = True
        self._registry.discard(self)


async def test_nothing_open_is_nothing_to_wait_for() -> None:
    await ConnectionRegistry().wait_gone(60.0)


async def test_who_does_not_go_is_cut() -> None:
    registry = ConnectionRegistry()
    gone, stays = FakeConnection(registry), FakeConnection(registry)
    registry.discard(gone)
    assert len(registry) == 1
    await registry.wait_gone(0.0)
    assert (gone.aborted, stays.aborted) == (False, True)
