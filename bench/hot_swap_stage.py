"""The stage of ``bench.hot_swap``: one gateway process, its certificates in edgecert's store, a partner, a load."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from bench.demoparts import Program
from bench.hot_swap_load import LoadConfig
from bench.measuring import BenchError
from edgecert.probe.handshake import HandshakeProber
from edgecert.shared.bundle import read_bundle_dir
from edgecert.shared.errors import EdgecertError
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgecert.shared.bundle import Bundle
    from tests.support.pki import KeyKind

BIN: Final = Path(sys.executable).parent
ROOT: Final = Path(__file__).resolve().parents[1]
HOME: Final = "contoso.example"
PARTNER: Final = "fabrikam.example"
LINEAGE: Final = "edge"
PATIENCE: Final = 20.0
PROBE_PAUSE: Final = 0.002
"""Seconds between two handshakes of the watcher: without it, it would take the processor that the swap needs."""


@dataclass(slots=True)
class Sighting:
    """The first handshake that showed the certificate that was waited for."""

    at: float | None = None
    """By :func:`time.monotonic`, when the handshake was done."""


@contextmanager
def watch_for(address: str, domain: str, fingerprint: str) -> Iterator[Sighting]:
    """Make handshakes one after the other from now on, until one shows ``fingerprint``; wait for that at the end.

    Raises:
        BenchError: none did, in twenty seconds.
    """
    sighting, prober = Sighting(), HandshakeProber()
    end = time.monotonic() + PATIENCE

    def look() -> None:
        while time.monotonic() < end:
            try:
                served = prober.probe(address, "xmpp-s2s", domain, timeout=5)
            except EdgecertError:
                continue  # a server that reloads may refuse for a moment; the load counts that where it is ours
            if served.fingerprint_sha256 == fingerprint:
                sighting.at = time.monotonic()
                return
            time.sleep(PROBE_PAUSE)

    thread = threading.Thread(target=look, name=f"watch {domain}")
    thread.start()
    try:
        yield sighting
    finally:
        thread.join()
    if sighting.at is None:
        message = f"{domain} at {address} never showed the certificate {fingerprint[:16]}…"
        raise BenchError(message)


class Rates(TypedDict):
    """How much load: keys of :class:`bench.hot_swap_load.LoadConfig`."""

    streams: int
    handshakes_per_s: float
    messages_per_s: float


class RunningLoad:
    """The load as a process of its own."""

    def __init__(self, directory: Path, config: LoadConfig, environ: Mapping[str, str]) -> None:
        """Prepare to put ``config`` on a server; ``directory`` is made."""
        directory.mkdir(mode=0o700)
        path = directory / "load.json"
        path.write_text(json.dumps(asdict(config)), encoding="utf-8")
        command = [sys.executable, "-m", "bench.hot_swap_load", str(path)]
        self.program = Program("load", command, directory / "load.log", environ)

    def start(self) -> None:
        """Wait until all its streams are open; handshakes and messages begin then."""
        self.program.start()
        self.program.wait_for_line('"ready"', 120)

    def finish(self) -> dict[str, Any]:
        """End it and give what it counted."""
        self.program.signal(signal.SIGUSR1)
        counts: dict[str, Any] = json.loads(self.program.wait_for_line('"finished"', 60))
        return counts


@dataclass
class Stage:
    """Directories, addresses and programs of one run."""

    directory: Path
    net: str
    environ: Mapping[str, str]
    rates: Rates
    key: KeyKind

    def __post_init__(self) -> None:
        """Choose the address."""
        self.address = f"{self.net}1"
        self.gateway: Program | None = None
        self.load: RunningLoad | None = None

    @property
    def control(self) -> Path:
        """The gateway's control socket."""
        return self.directory / "run" / "control.sock"

    @property
    def state_dir(self) -> Path:
        """Edgecert's store."""
        return self.directory / "edgecert"

    def run(self, *command: str | Path) -> Any:  # JSON of any shape
        """Run a command of ours and give the ``result`` of its JSON document.

        Raises:
            BenchError: it failed.
        """
        words = [str(BIN / str(command[0])), *map(str, command[1:]), "--json"]
        done = subprocess.run(words, env=dict(self.environ), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            message = f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
            raise BenchError(message)
        return json.loads(done.stdout)["result"]

    # --- the gateway

    def start_gateway(self) -> None:
        """Start it and make the partner known to it; it has no certificate yet."""
        for name in ("run", "gateway"):
            (self.directory / name).mkdir(mode=0o700)
        self.pki = pki = Pki.create(self.directory / "pki")
        self.partner_certificate, self.partner_key = pki.issue([PARTNER]).write(self.directory / "partner")
        secret = self.directory / "component-secret"
        secret.touch(mode=0o600)
        self.secret = secrets.token_hex(16)
        secret.write_text(self.secret)
        config = self.directory / "gateway.toml"
        config.write_text(
            textwrap.dedent(f"""\
                [gateway]
                state_dir = "gateway"
                control = "run/control.sock"
                status = "run/status.sock"
                [listen]
                s2s = ["{self.address}:5269"]
                [resolver]
                nameservers = ["{self.net}53"]
                [trust]
                ca_file = "{pki.ca_file}"
                [limits]
                connection_limit = {self.rates["streams"] + 1000}
                partner_connection_limit = {self.rates["streams"] + 100}
                unauthenticated_per_address = 1000
                [[home]]
                domain = "{HOME}"
                listen = "{self.address}:5347"
                secret_file = "component-secret"
                """),
            encoding="utf-8",
        )
        command = [str(BIN / "edgecert-gateway"), "serve", "--config", str(config)]
        self.gateway = Program("gateway", command, self.directory / "gateway.log", self.environ)
        self.gateway.start()
        self._wait_for_gateway()
        partners = self.directory / "partners.toml"
        partners.write_text(f'[[partner]]\ndomain = "{PARTNER}"\ntype = "federated"\n', encoding="utf-8")
        self.run("edgecert-gateway", "partner", "apply", partners, "--socket", self.control)

    def _wait_for_gateway(self) -> None:
        end = time.monotonic() + PATIENCE
        while not self.control.exists():
            ended = self.gateway is None or self.gateway.process is None or self.gateway.process.poll() is not None
            if ended or time.monotonic() > end:
                message = f"the gateway does not answer: {(self.directory / 'gateway.log').read_text()[-2000:]}"
                raise BenchError(message)
            time.sleep(0.05)

    # --- the certificates

    def issue(self) -> tuple[Bundle, Bundle]:
        """Issue two generations by edgecert, the first of them deployed; give both."""
        flags = self.directory / "flags.toml"
        flags.write_text(
            textwrap.dedent(f"""\
                version = 1
                [certificate]
                name = "{LINEAGE}"
                key_algorithm = "{self.key.partition("-")[0]}"
                [topology]
                access_edge = "sip.{HOME}"
                sip_domains = ["{HOME}"]
                xmpp_domains = ["{HOME}"]
                [issuer]
                kind = "local"
                [[deploy]]
                name = "gateway"
                kind = "gateway"
                control = "{self.control}"
                """),
            encoding="utf-8",
        )
        store = ("--state-dir", self.state_dir)
        first = self.run("edgecert", "apply", "-c", flags, *store)["certificates"][0]
        second = self.run("edgecert", "issue", "-c", flags, "--force", *store)["certificates"][0]
        one, two = (read_bundle_dir(Path(str(made["path"])), None) for made in (first, second))
        return one, two

    def make_generations(self, first: int, count: int) -> list[Bundle]:
        """Give further generations, which the gateway has never seen; nothing of them is in edgecert's store."""
        names = [HOME, f"sip.{HOME}"]
        return [
            self.pki.issue(names, key=self.key).bundle(LINEAGE, generation)
            for generation in range(first, first + count)
        ]

    # --- the load

    def start_load(self) -> RunningLoad:
        """Start the load on the gateway and give it when all its streams are open."""
        self.load = RunningLoad(
            self.directory / "load",
            LoadConfig(
                address=self.address,
                home=HOME,
                partner=PARTNER,
                certificate=str(self.partner_certificate),
                key=str(self.partner_key),
                secret=self.secret,
                **self.rates,
            ),
            self.environ,
        )
        self.load.start()
        return self.load

    def stop(self) -> None:
        """End both programs."""
        if self.load is not None:
            self.load.program.stop()
        if self.gateway is not None:
            self.gateway.stop()
