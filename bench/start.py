"""``python -m bench.start``: how soon the wizard's first page is there, beside well-known Textual applications.

Each program runs on a pty of 80 by 24. The clock stops when the first text of its own page has been written; memory is
the resident set of the process (and what it started) at that moment. Runs alternate, so that a busy moment of the
machine hits all. The others are installed into environments of this bench's own, below ``build/``.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.demoparts import table
from bench.measuring import BenchError, Series, describe_machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).parents[1]
VENVS: Final = ROOT / "build" / "start"
UV: Final = ROOT / ".tools" / "uv" / "bin" / "uv"
OTHERS: Final = {"toolong": ("tl", "page.log"), "harlequin": ("harlequin",), "frogmouth": ("frogmouth", "page.md")}
TEXTS: Final = {"toolong": "the first line", "harlequin": "Query Editor", "frogmouth": "the first line"}
FILES: Final = {"page.log": "the first line\n", "page.md": "the first line\n"}
ROUNDS: Final = 15
QUICK_ROUNDS: Final = 3
TIMEOUT: Final = 60.0


@dataclass(slots=True)
class Program:
    """A program, the text that its first page has, and what was measured of it."""

    name: str
    argv: Sequence[str]
    text: str
    start: Series = field(init=False)
    memory_mib: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin without measurements."""
        self.start = Series(self.name)


def programs() -> list[Program]:
    """Give all three; what is missing of the others is installed."""
    ours = Program("edgecert", (str(Path(sys.executable).with_name("edgecert")), "wizard"), "Available tasks")
    others = []
    for name, (program, *words) in OTHERS.items():
        place = VENVS / name  # one each: they pin different versions of Textual
        if not (place / "bin" / program).exists():
            subprocess.run([UV, "venv", "--quiet", "--allow-existing", "--python", sys.executable, place], check=True)
            subprocess.run([UV, "pip", "install", "--quiet", "--python", place, name], check=True)
        others.append(Program(name, (str(place / "bin" / program), *words), TEXTS[name]))
    return [ours, *others]


def measure(program: Program, home: Path) -> None:
    """Start ``program`` once, wait for its first page, and end it.

    Raises:
        BenchError: the page did not come.
    """
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "EDGECERT_STATE_DIR": str(home / "state"),
    }
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    began = time.monotonic()
    process = subprocess.Popen(
        list(program.argv), stdin=slave, stdout=slave, stderr=slave, env=environ, cwd=home, start_new_session=True
    )
    os.close(slave)
    try:
        seen = _read_until(master, program, began)
        program.start.add((seen - began) * 1000)
        program.memory_mib.append(_resident(process.pid) / 2**20)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the group is ours: start_new_session
        process.wait()
        os.close(master)


def _read_until(master: int, program: Program, began: float) -> float:
    wanted, got = program.text.encode(), b""
    while wanted not in got:
        ready, _, _ = select.select([master], [], [], began + TIMEOUT - time.monotonic())
        data = b""
        if ready:
            with contextlib.suppress(OSError):  # EIO: the program has ended
                data = os.read(master, 65536)
        if not data:
            message = f"{program.name}: its page did not come: {got[-500:]!r}"
            raise BenchError(message)
        got += data
    return time.monotonic()


def _resident(group: int) -> int:
    """Give the resident bytes of all processes in the group."""
    total = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(entry.name)) == group:
                total += int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            continue
    return total


def rows(measured: Sequence[Program]) -> list[tuple[str, str, str, str]]:
    """Give the table, the soonest first."""
    ordered = sorted(measured, key=lambda program: program.start.median)
    return [
        (
            program.name,
            f"{program.start.median:.0f} ms",
            f"{min(program.start.values):.0f} ms",
            f"{sorted(program.memory_mib)[len(program.memory_mib) // 2]:.0f} MiB",
        )
        for program in ordered
    ]


def to_json(measured: Sequence[Program]) -> Mapping[str, object]:
    """Give all figures."""
    return {
        program.name: {**program.start.to_json(), "memory_mib": round(sorted(program.memory_mib)[0], 1)}
        for program in measured
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Take the figures; 1 if ours is not the first."""
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds instead of {ROUNDS}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args(argv)
    measured = programs()
    home = Path(tempfile.mkdtemp(prefix="start-"))
    for name, text in FILES.items():
        (home / name).write_text(text)
    try:
        for number in range((QUICK_ROUNDS if arguments.quick else ROUNDS) + 1):
            for program in measured:
                measure(program, home)
                if number == 0:  # the first run of each fills caches
                    program.start.values.clear()
                    program.memory_mib.clear()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if arguments.json:
        print(json.dumps(to_json(measured), indent=2))
    else:
        print("; ".join(str(value) for value in describe_machine().values()))
        print(table(("program", "first page", "soonest", "memory"), rows(measured)))
    return 0 if min(measured, key=lambda program: program.start.median).name == "edgecert" else 1


if __name__ == "__main__":
    sys.exit(main())
