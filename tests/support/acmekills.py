"""A host whose ACME issuance is killed, and what must hold after the next run."""

from __future__ import annotations

import io
import json
import os
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from edgecert.cli.main import main
from edgecert.issuers.acme.orderfile import OrderFile
from edgecert.shared.atomic import is_leftover
from edgecert.shared.certreader import parse_certificates
from edgecert.shared.chain import spki_sha256
from tests.support.acmefiles import FilesLooking
from tests.support.acmehost import AcmeHost
from tests.support.acmeserver import AcmeServer
from tests.support.acmesocket import serving
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY = Path("/dev/shm")  # noqa: S108  # a directory is made in it, privately


@dataclass
class KilledHost:
    """A host whose state directory is another for each step."""

    host: AcmeHost
    looking: FilesLooking
    step: int = 0

    @property
    def state(self) -> Path:
        return self.host.directory / f"state-{self.step}"

    def run(self, *words: str) -> None:
        verb = words or ("issue",)
        argv = [*verb, "-c", str(self.host.flags_file), "--state-dir", str(self.state), "--json"]
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = main(argv)
        assert code == 0, said.getvalue()

    def requests(self) -> dict[str, str]:
        """Give the key of each request, by its id."""
        places = [path for path in sorted(self.state.glob("requests/edge/*")) if not is_leftover(path.name)]
        return {path.name: json.loads((path / "request.json").read_bytes())["spki_sha256"] for path in places}

    def order(self) -> str:
        """Give the order that was written down, if one was."""
        found = [OrderFile(path).load().order for path in self.state.glob("requests/edge/*")]
        return next((order for order in found if order), "")

    def account_keys(self) -> list[bytes]:
        return [path.read_bytes() for path in self.state.glob("accounts/*/key.pem")]

    def is_done(self) -> bool:
        return (self.state / "certificates" / "edge" / "current").is_symlink()

    def finish(self, number: int, again: Callable[[], int]) -> None:
        """Run ``again`` and see that nothing that was good is done twice, lost or left behind.

        Raises:
            AssertionError: something is.
        """
        server = self.host.server
        requests, order, keys, done = self.requests(), self.order(), self.account_keys(), self.is_done()
        assert again() == 0, f"step {number}: the next run failed"
        chain = (self.state / "certificates" / "edge" / "current" / "cert.pem").read_bytes()
        (spki,) = self.requests().values()
        assert spki == spki_sha256(parse_certificates(chain)[0].public_key())
        assert requests in ({}, self.requests()), f"step {number}: the key that waited is not the certificate's"
        assert keys in ([], self.account_keys()), f"step {number}: the account has another key"
        # An order that was not written down cannot be gone on with: the kill came between the answer and the disk.
        assert server.count("/newOrder") <= (1 if order or done else 2), f"step {number}: a second order"
        assert order in ("", self.order())
        assert len(server.accounts) == 1, f"step {number}: a second account"
        assert self.looking.published == [], f"step {number}: a challenge stayed behind"
        assert [path for path in self.state.rglob("*") if is_leftover(path.name)] == []
        assert [path.name for path in (self.state / "certificates" / "edge").glob("0*")] == ["0001"]


@contextmanager
def killed_host(fallback: Path) -> Iterator[KilledHost]:
    """Give a host and its CA, in memory where there is a file system for that, else below ``fallback``."""
    directory = MEMORY if os.access(MEMORY, os.W_OK) else fallback
    with TemporaryDirectory(prefix="edgecert-acme-", dir=directory) as name, loopback_net() as net:
        looking = FilesLooking(Path(name) / "edge")
        server = AcmeServer(Path(name), looking)
        with serving(server, f"{net}1"):
            host = AcmeHost(Path(name), net, server)
            host.write_flags("*.contoso.com", challenges=looking.challenges())
            yield KilledHost(host, looking)
