"""Command lines run in this process, on no host file and none of the environment's own keys."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from edgecert.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line gave."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The JSON document on stdout. Any: its shape is what the tests assert."""
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True)
class Cli:
    """Runs command lines; ``flags_file`` is a place for one."""

    directory: Path
    capture: pytest.CaptureFixture[str]

    @property
    def flags_file(self) -> Path:
        return self.directory / "edge.toml"

    def write(self, text: str) -> Path:
        self.flags_file.write_text(text, encoding="utf-8")
        return self.flags_file

    def __call__(self, *argv: str) -> Ran:
        self.capture.readouterr()
        code = main(argv)
        caught = self.capture.readouterr()
        return Ran(code, caught.out, caught.err)


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in os.environ:
        if name.startswith("EDGECERT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("EDGECERT_HOST_FILE", str(tmp_path / "no-host-file"))
    return Cli(tmp_path, capsys)
