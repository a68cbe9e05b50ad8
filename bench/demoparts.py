"""The demo's cast: a side with its files, a program that stays, a loop of handshakes, a table."""

from __future__ import annotations

import os
import secrets
import subprocess
import textwrap
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgecert.probe.handshake import HandshakeProber
from edgecert.shared.errors import EdgecertError

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class ProgramError(Exception):
    """A program did not do in time what was waited for."""


@dataclass
class Program:
    """A program that stays until it is stopped; what it prints goes to a file and is read back from there."""

    name: str
    command: list[str]
    log: Path
    environ: Mapping[str, str] | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(self.command, stdout=file, stderr=subprocess.STDOUT, env=self.environ)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def wait_for_line(self, part: str, timeout: float) -> str:
        """Give the last whole line that contains ``part``, once there is one."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            lines = [line for line in self.log.read_text(errors="replace").splitlines(keepends=True) if part in line]
            if lines and lines[-1].endswith("\n"):
                return lines[-1]
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.05)
        message = f"{self.name} never said {part}; it said:\n{self.log.read_text(errors='replace')[-2000:]}"
        raise ProgramError(message)

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


@dataclass
class Side:
    """One organisation: its files under ``<demo>/<name>/`` and what is known of it as the play goes on."""

    name: str
    flags_file: Path
    parent: Path
    address: str
    gateway: Program | None = None
    certificate: dict[str, Any] = field(default_factory=dict)  # JSON of any shape
    plan: dict[str, Any] = field(default_factory=dict)  # the same
    streams: set[str] = field(default_factory=set)
    dropped: int = 0

    def __post_init__(self) -> None:
        """Make the directory."""
        self.directory.mkdir(parents=True)

    @property
    def directory(self) -> Path:
        """Where this side lives."""
        return self.parent / self.name

    @property
    def domain(self) -> str:
        """Its XMPP domain."""
        return f"{self.name}.example"

    @property
    def lineage(self) -> str:
        """The name of its certificate."""
        return f"{self.name}-edge"

    @property
    def config(self) -> Path:
        """The gateway's configuration."""
        return self.directory / "gateway.toml"

    @property
    def control_socket(self) -> Path:
        """The gateway's control socket."""
        return self.directory / "run" / "control.sock"

    @property
    def status_socket(self) -> Path:
        """The gateway's status socket."""
        return self.directory / "run" / "status.sock"

    @property
    def state_dir(self) -> Path:
        """Where edgecert keeps this side's certificates."""
        return self.directory / "edgecert"

    @property
    def trusted_roots(self) -> Path:
        """The roots that this side's gateway trusts."""
        return self.directory / "partner-root.pem"

    @property
    def partners_file(self) -> Path:
        """Its partners."""
        return self.directory / "partners.toml"

    @property
    def secret_file(self) -> Path:
        """The secret between gateway and component."""
        return self.directory / "component-secret"

    def dns_records(self) -> dict[str, dict[str, list[str]]]:
        """Give what the DNS says of this side."""
        host = f"sip.{self.domain}"
        return {
            f"_xmpp-server._tcp.{self.domain}": {"SRV": [f"0 5 5269 {host}."]},
            host: {"A": [self.address]},
        }

    def write_configuration(self, nameserver: str, other: Side) -> None:
        """Write the gateway's configuration, its partners and the component's secret."""
        for directory in ("run", "gateway"):
            (self.directory / directory).mkdir(mode=0o700)
        secret = os.open(self.secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(secret, "w") as file:
            file.write(secrets.token_hex(16))
        self.config.write_text(
            textwrap.dedent(f"""\
                [gateway]
                state_dir = "gateway"
                control = "run/control.sock"
                status = "run/status.sock"
                [listen]
                s2s = ["{self.address}:5269"]
                [resolver]
                nameservers = ["{nameserver}"]
                allow_private_targets = true
                [trust]
                ca_file = "{self.trusted_roots.name}"
                [[home]]
                domain = "{self.domain}"
                listen = "{self.address}:5347"
                secret_file = "{self.secret_file.name}"
                """),
            encoding="utf-8",
        )
        self.partners_file.write_text(
            textwrap.dedent(f"""\
                [[partner]]
                domain = "{other.domain}"
                description = "the other side of the demo"
                type = "federated"
                tls = "required"
                sasl = "required"
                dialback = false
                """),
            encoding="utf-8",
        )

    def wait_for_socket(self) -> None:
        """Wait until the gateway answers."""
        end = time.monotonic() + 20
        while not self.status_socket.exists():
            if self.gateway is None or self.gateway.process is None or self.gateway.process.poll() is not None:
                message = f"the gateway of {self.name} ended:\n{self.gateway.log.read_text() if self.gateway else ''}"
                raise ProgramError(message)
            if time.monotonic() > end:
                message = f"the gateway of {self.name} does not answer"
                raise ProgramError(message)
            time.sleep(0.05)

    def apply_command(self) -> tuple[str | Path, ...]:
        """Give the ``apply`` of this side."""
        target = f"kind=gateway,name=gateway,control={self.control_socket}"
        return ("edgecert", "apply", "-c", self.flags_file, "--state-dir", self.state_dir, "--deploy", target)

    def echo_command(self, other: Side, rate: int) -> tuple[str, ...]:
        """Give the ``echo`` of this side, sending to the other."""
        place = ("--host", self.address, "--port", "5347", "--secret-file", str(self.secret_file))
        sending = ("--send-to", f"echo@{other.domain}", "--rate", str(rate), "--json")
        return ("edgecert-gateway", "echo", "--jid", self.domain, *place, *sending)


@dataclass
class HandshakeLoop:
    """New handshakes, one after the other, each as ``edgecert check`` makes them."""

    address: str
    domain: str
    tried: int = 0
    failed: int = 0
    last_error: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=f"handshakes {self.domain}")
        self._thread.start()

    def stop(self) -> None:
        """End after the handshake that is under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        prober = HandshakeProber()
        while not self._stop.is_set():
            self.tried += 1
            try:
                prober.probe(self.address, "xmpp-s2s", self.domain, timeout=10)
            except EdgecertError as error:
                self.failed += 1
                self.last_error = error.message
            self._stop.wait(0.02)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int = 80) -> str:
    """Give an aligned table; the last column is wrapped so that no line is longer than ``width``."""
    widths = [max(len(row[column]) for row in [headers, *rows]) for column in range(len(headers))]
    room = max(width - 2 - sum(widths[:-1]) - 2 * (len(headers) - 1), 10)
    lines = []
    rule = ["-" * size for size in (*widths[:-1], min(widths[-1], room))]
    for row in [headers, rule, *rows]:
        head = "  " + "".join(f"{cell:<{size}}  " for cell, size in zip(row[:-1], widths[:-1], strict=True))
        first, *rest = textwrap.wrap(row[-1], room) or [""]
        lines += [head + first, *(" " * len(head) + more for more in rest)]
    return "\n".join(line.rstrip() for line in lines)
