"""An edge host with everything on it: flags file, store, a directory of PEM files, and if asked a running gateway."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edgecert.probe.handshake import HandshakeProber
from edgecert.shared.atomic import is_leftover
from edgecert.shared.bundle import read_bundle_dir
from edgecert.shared.certfacts import fingerprint_sha256, spki_sha256
from tests.support.gatewayrunner import S2S_PORT

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonValue
    from tests.support.cli import Host, Ran
    from tests.support.gatewayrunner import GatewayRunner

DOMAIN = "contoso.example"
GATEWAY_TARGET = """
[[deploy]]
name = "gateway"
kind = "gateway"
control = "{control}"
"""


@dataclass
class Edge:
    """A host, with a gateway beside it or without; can be put back to how it once was."""

    host: Host
    gateway: GatewayRunner | None = None

    # --- what is done -----------------------------------------------------------------------------

    def write(self, *, kind: str = "local", domains: tuple[str, ...] = (DOMAIN,), exportable: bool = True) -> None:
        """Write the flags file: a files target, and the gateway if there is one."""
        more = "" if self.gateway is None else GATEWAY_TARGET.format(control=self.gateway.control)
        self.host.write(kind=kind, more=more, exportable=exportable)
        listed = ", ".join(f'"{domain}"' for domain in domains)
        text = self.host.flags_file.read_text(encoding="utf-8")
        self.host.flags_file.write_text(text.replace(f'["{DOMAIN}"]', f"[{listed}]"), encoding="utf-8")

    def run(self, verb: str, *arguments: str) -> Ran:
        """Run a verb of ``edgecert``."""
        return self.host.run(verb, *arguments)

    def keep(self, template: Path) -> None:
        """Keep the host's files as they are."""
        shutil.copytree(self.host.directory, template, symlinks=True)

    def put_back(self, template: Path) -> None:
        """Put the host's files back as they were kept, and let the gateway serve what is in service by them."""
        shutil.rmtree(self.host.directory)
        shutil.copytree(template, self.host.directory, symlinks=True)
        if self.gateway is None:
            return
        self.gateway.client().post("/v1/staged/cancel", {"name": "edge"})
        for certificate in self.run("list").result["certificates"]:
            for target in certificate["deployments"]:
                if target["kind"] == "gateway" and target["serving"] is not None:
                    self.gateway.push(self.bundle(target["serving"]), rollback=True, allow_drop=True)

    # --- what is there ----------------------------------------------------------------------------

    @property
    def lineage(self) -> Path:
        """The lineage's directory."""
        return self.host.state_dir / "certificates" / "edge"

    def bundle(self, generation: int) -> Bundle:
        """Give a generation, read as an outsider reads it."""
        return read_bundle_dir(self.lineage / f"{generation:04}", None)

    def generations(self) -> list[int]:
        """Give the numbers of all generations."""
        return sorted(int(path.name) for path in self.lineage.glob("[0-9]*"))

    def requests(self) -> list[Path]:
        """Give the directories of all requests, the oldest first."""
        return sorted((self.host.state_dir / "requests" / "edge").glob("[!.]*"))

    def listed(self) -> Any:  # JSON of any shape
        """Give what ``list`` says of the certificate."""
        ran = self.run("list")
        assert ran.code == 0, ran.stdout + ran.stderr
        (certificate,) = ran.result["certificates"]
        return certificate

    def at_gateway(self) -> dict[str, JsonValue]:
        """Give what ``list`` knows of the gateway as a target."""
        return next(objects(target) for target in self.listed()["deployments"] if target["kind"] == "gateway")

    def open_requests(self) -> list[str]:
        """Give the open requests that ``list`` shows."""
        return [request["id"] for request in self.run("list").result["requests"]]

    def issued(self) -> set[str]:
        """Give the fingerprint of every generation that is stored."""
        return {fingerprint_sha256(self.bundle(number).leaf) for number in self.generations()}

    def fingerprint(self, generation: int) -> str:
        """Give the fingerprint of a generation."""
        return fingerprint_sha256(self.bundle(generation).leaf)

    def served(self) -> str:
        """Give what the gateway presents in a real handshake."""
        assert self.gateway is not None
        address = f"{self.gateway.address}:{S2S_PORT}"
        return HandshakeProber().probe(address, "xmpp-s2s", DOMAIN, timeout=10).fingerprint_sha256

    def installed(self) -> tuple[str, str, str]:
        """Give the fingerprint and the public key of the installed certificate, and the installed key's."""
        certificate = x509.load_pem_x509_certificate((self.host.directory / "certs/fullchain.pem").read_bytes())
        key = load_pem_private_key((self.host.directory / "certs/privkey.pem").read_bytes(), None)
        return fingerprint_sha256(certificate), spki_sha256(certificate.public_key()), spki_sha256(key.public_key())

    def litter(self) -> list[str]:
        """Give everything in the making that is left anywhere: on the host, and at the gateway."""
        places = [self.host.directory] if self.gateway is None else [self.host.directory, self.gateway.state_dir]
        return [
            os.path.join(parent, name)  # noqa: PTH118  # texts for a message
            for place in places
            for parent, directories, files in os.walk(place)
            for name in directories + files
            if is_leftover(name)
        ]


def objects(value: JsonValue) -> dict[str, JsonValue]:
    """Give ``value``, which has to be a JSON object."""
    assert isinstance(value, dict)
    return value
