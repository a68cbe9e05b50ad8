"""Command lines of the pages, run in a directory of the page's own, with its own state and no settings of this host."""

from __future__ import annotations

import atexit
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

SHOWN: Final = "/etc/edge"
"""Where the pages say that the files are, in the place of the directory of this build."""
_REFERENCE: Final = Path(__file__).parents[1] / "reference"
EXAMPLE_FILES: Final = (_REFERENCE / "edge.toml", _REFERENCE / "gateway.toml", _REFERENCE / "partners.toml")
PROGRAMS: Final = {"edgecert": "edgecert.cli.main", "edgecert-gateway": "gateway.cli.main"}
TIMEOUT: Final = 60


@cache
def directory_of(page: str) -> Path:
    """Give the directory of a page: the examples' files lie in it."""
    directory = Path(tempfile.mkdtemp(prefix=f"docs-{page.replace('/', '-')}-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    for file in EXAMPLE_FILES:
        shutil.copy(file, directory)
    return directory


def run_example(page: str, command: str) -> tuple[int, str]:
    """Run a command of one of both programs and give its exit code and what it printed: stdout, then stderr."""
    program, *arguments = shlex.split(command)
    if program not in PROGRAMS:
        message = f"{command!r} is no command of {' or '.join(PROGRAMS)}"
        raise ValueError(message)
    directory = directory_of(page)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("EDGECERT_")}
    environ |= {
        "EDGECERT_GATEWAY_CONFIG": str(directory / "gateway.toml"),
        "EDGECERT_HOST_FILE": str(directory / "none"),
        "EDGECERT_STATE_DIR": str(directory / "state"),
        "EDGECERT_KEK_FILE": str(directory / "kek"),
        "NO_COLOR": "1",
    }
    run = subprocess.run(
        [sys.executable, "-m", PROGRAMS[program], *arguments],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return run.returncode, (run.stdout + run.stderr).replace(str(directory), SHOWN)
