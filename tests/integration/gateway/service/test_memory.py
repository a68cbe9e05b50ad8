from __future__ import annotations

import platform
from pathlib import Path

import pytest

from gateway.service.memory import release_free_memory


def resident_kilobytes() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to")
def test_free_pages_between_memory_that_stays_go_back_to_the_system() -> None:
    held = [b"x" * 50_000 for _ in range(1000)]
    stays = held[::10]
    held.clear()
    before = resident_kilobytes()
    assert release_free_memory()
    assert before - resident_kilobytes() > 20_000
    assert len(stays) == 100
