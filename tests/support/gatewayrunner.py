"""A real ``edgecert-gateway serve`` of one's own: configuration, sockets and state below one directory."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edgecert.shared.control import SwapRequest, encode_swap
from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import EdgecertError
from edgecert.shared.tomltext import to_toml
from tests.support.processes import Program, Result, run, script

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

SECRET = "component-secret"
S2S_PORT = 5269
COMPONENT_PORT = 5347


@dataclass(slots=True)
class GatewayRunner:
    """One gateway at one loopback ``address``, port 5269 for partners and 5347 for its home components.

    ``tables`` are further tables of ``gateway.toml`` and win over what is set here, key by key.
    """

    directory: Path
    address: str
    homes: Sequence[str]
    nameservers: Sequence[str] = ()
    ca_file: Path | None = None
    tables: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    runtime: Path = field(init=False)
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        """Make the directories; sockets get a short one, for their names may have 107 bytes (unix(7))."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.runtime = Path(tempfile.mkdtemp(prefix="egw-"))
        argv = [script("edgecert-gateway"), "serve", "--config", str(self.config), "--log-format", "line", "-v"]
        self.program = Program(argv, self.directory / "gateway.log", self.environ)

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.directory / "gateway.toml"

    @property
    def secret_file(self) -> Path:
        """The file with the component's secret."""
        return self.directory / "component.secret"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.runtime / "control.sock"

    @property
    def status_socket(self) -> Path:
        """The status socket."""
        return self.runtime / "status.sock"

    @property
    def state_dir(self) -> Path:
        """What the gateway keeps."""
        return self.directory / "state"

    @property
    def component(self) -> tuple[str, int]:
        """Where home components connect."""
        return self.address, COMPONENT_PORT

    def settings(self) -> JsonObject:
        """Give the configuration as a document."""
        document: dict[str, JsonValue] = {
            "gateway": {
                "state_dir": str(self.state_dir),
                "control": str(self.control),
                "status": str(self.status_socket),
                "kek_file": str(self.directory / "gateway.kek"),
                "event_loop": "asyncio",
            },
            "listen": {"s2s": [f"{self.address}:{S2S_PORT}"]},
            "resolver": {"nameservers": list(self.nameservers), "allow_private_targets": True},
            "trust": {"ca_file": str(self.ca_file)} if self.ca_file else {},
            "home": [
                {"domain": domain, "listen": f"{self.address}:{COMPONENT_PORT}", "secret_file": str(self.secret_file)}
                for domain in self.homes
            ],
        }
        for name, table in self.tables.items():
            before = document.get(name)
            document[name] = {**(before if isinstance(before, dict) else {}), **table}
        return document

    def write(self) -> None:
        """Write configuration and secret."""
        self.secret_file.touch(mode=0o600)
        self.secret_file.write_text(f"{SECRET}\n")
        self.config.write_text(to_toml(self.settings()))

    def start(self) -> Self:
        """Write the configuration, start the gateway, and wait until it answers (it may have no certificate yet)."""
        self.write()
        self.program.start()
        self.program.wait_until(self.answers, what=f"{self.status_socket} answers")
        return self

    def answers(self) -> bool:
        """Whether the gateway answers on its status socket."""
        try:
            self.client(changing=False).get("/health/live")
        except EdgecertError:
            return False
        return True

    def is_ready(self) -> bool:
        """Whether the gateway says that it does its work."""
        try:
            return self.status()["ready"] is True
        except EdgecertError:
            return False

    def stop(self) -> int:
        """End it and give its exit code."""
        return self.program.stop()

    def restart(self) -> None:
        """End it and start it again, configuration, state and sockets as they were."""
        self.stop()
        self.start()

    def client(self, *, changing: bool = True) -> ControlClient:
        """Give a client of the control socket, or of the status socket."""
        return ControlClient(self.control if changing else self.status_socket)

    def status(self) -> JsonObject:
        """Give what ``status`` says."""
        return self.client(changing=False).get("/v1/status")

    def push(self, bundle: Bundle, **options: bool) -> JsonObject:
        """Put ``bundle`` into service as ``edgecert deploy`` does."""
        return self.client().post("/v1/swap", {**encode_swap(SwapRequest(bundle)), **options})

    def run(self, *arguments: str) -> Result:
        """Run ``edgecert-gateway ARGUMENTS`` with this gateway's configuration."""
        return run([script("edgecert-gateway"), *arguments, "--config", str(self.config)])

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, take its sockets away, and show its log if the context failed."""
        self.program.__exit__(kind, error, trace)
        shutil.rmtree(self.runtime, ignore_errors=True)
