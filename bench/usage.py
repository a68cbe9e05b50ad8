"""What a server's processes have used: processor time and memory, read from the kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def processes_of(root: int) -> list[int]:
    """Give ``root`` and all its descendants that are still there."""
    found, todo = list[int](), [root]
    while todo:
        process = todo.pop()
        found.append(process)
        for children in (_PROC / str(process) / "task").glob("*/children"):
            try:
                todo += map(int, children.read_text().split())
            except OSError:
                continue  # a thread that has just ended
    return found


def cpu_seconds(root: int) -> float:
    """Give the processor seconds of ``root`` and its descendants so far: what its threads ran, to the nanosecond."""
    total = 0
    for process in processes_of(root):
        for file in (_PROC / str(process) / "task").glob("*/schedstat"):
            try:
                total += int(file.read_text().split()[0])
            except OSError:
                continue  # the same
    return total / 1e9


def proportional_kilobytes(root: int) -> int:
    """Give the memory of ``root`` and its descendants in kB, shared pages counted in part (PSS)."""
    total = 0
    for process in processes_of(root):
        for line in (_PROC / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total
