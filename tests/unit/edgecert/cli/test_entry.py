from __future__ import annotations

import subprocess
import sys

import pytest

from edgecert.cli import entry, main

TELL = """
import sys
from edgecert.cli.entry import main
code = main()
sys.stderr.write(" ".join(sys.modules))
sys.exit(code)
"""


def test_the_version_is_told_without_loading_the_frame() -> None:
    told = subprocess.run(
        [sys.executable, "-c", TELL, "--version"], capture_output=True, check=True, text=True, timeout=60
    )
    assert told.stdout.startswith("edgecert ")
    assert not {"edgecert.cli.main", "dataclasses", "argparse", "json"} & set(told.stderr.split())


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["--version", "--json"], ["no-such-verb"], []])
def test_the_console_script_says_what_the_frame_says(
    argv: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["edgecert", *argv])
    code, said = entry.main(), capsys.readouterr()
    assert (main.main(argv), capsys.readouterr()) == (code, said)
