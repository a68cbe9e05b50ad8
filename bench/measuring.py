"""What all figures share: processes measured whole, medians, the machine in words, tables of 80 columns."""

from __future__ import annotations

import os
import platform
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT: Final = 120.0


class BenchError(Exception):
    """A figure could not be taken, or cannot be right."""


@dataclass(slots=True)
class Series:
    """Measurements of one thing, in milliseconds."""

    name: str
    values: list[float] = field(default_factory=list)

    def add(self, milliseconds: float) -> None:
        """Take one more."""
        self.values.append(milliseconds)

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    @property
    def p99(self) -> float:
        """The one that 99 in 100 do not exceed; of fewer than 100 the worst."""
        return sorted(self.values)[ceil(0.99 * len(self.values)) - 1]

    def to_json(self) -> dict[str, float | int]:
        """Give median, 99th percentile, both ends and how many there are."""
        return {
            "median_ms": round(self.median, 1),
            "p99_ms": round(self.p99, 1),
            "min_ms": round(min(self.values), 1),
            "max_ms": round(max(self.values), 1),
            "count": len(self.values),
        }


def clean_environment(scratch: Path) -> dict[str, str]:
    """Give the environment that every measured process gets: nobody's own settings, compiled modules kept in one place.

    Installers compile Python's modules beforehand; a run that had to do it would measure the compiler.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EDGECERT_", "PYTHON"))}
    return {**kept, "HOME": str(scratch), "LC_ALL": "C", "PYTHONPYCACHEPREFIX": str(scratch / "compiled")}


def run_measured(command: Sequence[str | Path], environ: Mapping[str, str], *, cwd: Path) -> float:
    """Run ``command`` and give the milliseconds from its start to its end; raises as :func:`run_told`."""
    return run_told(command, environ, cwd=cwd)[0]


def run_told(command: Sequence[str | Path], environ: Mapping[str, str], *, cwd: Path) -> tuple[float, str]:
    """Run ``command`` and give the milliseconds from its start to its end, and what it printed.

    Raises:
        BenchError: it failed; the text has what it said.
    """
    words = [str(word) for word in command]
    begun = time.perf_counter()
    done = subprocess.run(
        words, env=dict(environ), cwd=cwd, capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    elapsed = (time.perf_counter() - begun) * 1000
    if done.returncode != 0:
        message = f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise BenchError(message)
    return elapsed, done.stdout


def describe_machine() -> dict[str, str]:
    """Give what the figures depend on, for people."""
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {_distribution()}",
        "python": f"{platform.python_version()}, {ssl.OPENSSL_VERSION}",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.platform()
