"""A host that issues from the tests' ACME server by whole ``edgecert`` processes, and everything that is around it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.acmelooking import NetworkLooking
from tests.support.acmeserver import AcmeServer
from tests.support.acmesocket import serving
from tests.support.net import loopback_net
from tests.support.pebble import FLAGS_FILE
from tests.support.processes import Result, run, script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass
class AcmeHost:
    """An edge below ``directory``; ``net`` is the test's own /24: the server is ``.1``, the edge ``.2``."""

    directory: Path
    net: str
    server: AcmeServer
    state_dir: Path | None = None
    """Another state directory than the host's own."""

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.state_dir or self.directory / "state"

    @property
    def flags_file(self) -> Path:
        """The flags file."""
        return self.directory / "edge.toml"

    @property
    def listen(self) -> str:
        """Where http-01 is answered."""
        return f"{self.net}2:5002"

    def http_01(self, *names: str) -> str:
        """Give the challenge entry for the own responder."""
        return f'[[issuer.challenges]]\nnames = {json.dumps(names)}\ntype = "http-01"\nlisten = "{self.listen}"\n'

    def write_flags(self, *names: str, challenges: str = "", issuer: str = "") -> None:
        """Write the flags file: ``sip.contoso.com`` and ``names`` beside it."""
        text = FLAGS_FILE.format(
            key="ecdsa",
            names=json.dumps(names),
            directory=self.server.url,
            ca_file=self.server.pki.ca_file,
            issuer=issuer,
            challenges=challenges or self.http_01(),
        )
        self.flags_file.write_text(text, encoding="utf-8")

    def forget_when_to_ask(self) -> None:
        """Let the next run ask for renewal information anew, as if hours had passed; what was picked stays."""
        for path in self.state.glob("certificates/*/renewal.json"):
            document = json.loads(path.read_bytes())
            document["window"]["ask_again_at"] = "2000-01-01T00:00:00Z"
            path.write_text(json.dumps(document))

    def edgecert(self, verb: str, *arguments: str, environ: Mapping[str, str] | None = None) -> Result:
        """Run a verb with the flags file."""
        flags = ("-c", str(self.flags_file), "--state-dir", str(self.state), "--json")
        return run((script("edgecert"), verb, *arguments, *flags), environ=environ)

    def issue(self, *arguments: str) -> Any:  # the result's JSON
        """Issue, and give the certificate's facts.

        Raises:
            AssertionError: it failed; with what it said.
        """
        done = self.edgecert("issue", *arguments)
        assert done.code == 0, done.stderr + done.stdout
        return done.document["result"]["certificates"][0]


@contextmanager
def acme_host(directory: Path) -> Iterator[AcmeHost]:
    """Give a host and its CA, which looks at names over the network: each leads to the edge."""
    with loopback_net() as net:
        server = AcmeServer(directory, NetworkLooking(f"{net}2"))
        with serving(server, f"{net}1"):
            host = AcmeHost(directory, net, server)
            host.write_flags()
            yield host
