"""The command line, run as a person runs it, in this process: arguments in, exit code and the two streams out."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgecert.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run said, and its exit code."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:  # any JSON: its shape is what the tests assert
        """The JSON document that it printed."""
        return json.loads(self.stdout)

    @property
    def result(self) -> Any:  # the same
        """The ``result`` of the JSON document."""
        return self.document["result"]

    @property
    def error_code(self) -> str:
        """The code of the JSON document's error."""
        return str(self.document["error"]["code"])


FLAGS_FILE = """
version = 1
[certificate]
name = "edge"
friendly_name = "Contoso edge"
key_algorithm = "ecdsa"
exportable = {exportable}
[topology]
access_edge = "sip.contoso.example"
sip_domains = ["contoso.example"]
xmpp_domains = ["contoso.example"]
[issuer]
kind = "{kind}"
[[deploy]]
name = "prosody"
kind = "files"
directory = "{directory}/certs"
plaintext_key = true
"""


@dataclass
class Host:
    """A directory with a flags file, a state directory and a place to deploy to."""

    directory: Path

    def __post_init__(self) -> None:
        """Make the places."""
        (self.directory / "certs").mkdir(exist_ok=True)
        self.write()

    @property
    def flags_file(self) -> Path:
        """The flags file."""
        return self.directory / "edge.toml"

    @property
    def state_dir(self) -> Path:
        """The state directory."""
        return self.directory / "state"

    def write(self, *, kind: str = "local", exportable: bool = True, more: str = "") -> None:
        """Write the flags file."""
        values = {"kind": kind, "exportable": str(exportable).lower(), "directory": str(self.directory)}
        self.flags_file.write_text(FLAGS_FILE.format(**values) + more, encoding="utf-8")

    def run(self, verb: str, *arguments: str, json: bool = True) -> Ran:
        """Run a verb over this host's state directory."""
        extra = ("--state-dir", str(self.state_dir), "--kek-file", str(self.directory / "kek"))
        stdout, stderr = io.StringIO(), io.StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr):
            code = main([verb, *arguments, *extra, *(["--json"] if json else [])])
        return Ran(code, stdout.getvalue(), stderr.getvalue())

    def apply(self, *arguments: str) -> Ran:
        """Run ``apply`` with the flags file."""
        return self.run("apply", "-c", str(self.flags_file), *arguments)
