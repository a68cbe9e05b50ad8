"""ACME clients as a person would call them: each gets a certificate for given names from the same Pebble."""

from __future__ import annotations

import shutil
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509

from bench.measuring import BenchError
from edgecert.shared.overriding import override
from tests.support.pebble import is_open
from tests.support.processes import Program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.pebble import Pebble

BIN: Final = Path(sys.executable).parent
Words = list[str | Path]

_TINY: Final = """\
umask 077
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key
openssl req -new -key leaf.key -subj / -addext "subjectAltName=$NAMES" -out leaf.csr
acme-tiny --quiet --disable-check --account-key account.key --csr leaf.csr --acme-dir "$WEBROOT" \
    --directory-url "$DIRECTORY" >leaf.pem
"""


@dataclass
class Client(ABC):
    """One client, its files in ``place``; ``webroot`` says that it wants a web server that serves :attr:`www`."""

    name: str
    pebble: Pebble
    place: Path
    program: str = ""
    webroot: bool = False

    @property
    def www(self) -> Path:
        """The document root."""
        return self.place / "www"

    @property
    def missing(self) -> str:
        """Why it cannot be measured; empty if it can."""
        return "" if shutil.which(self.program or self.name) else f"{self.name} is not installed"

    def environ(self, names: Sequence[str]) -> Mapping[str, str]:
        """Give what its environment has beside the common one."""
        del names
        return {}

    def prepare(self, names: Sequence[str]) -> Words:
        """Give the command that opens an account, if it is one of its own; what is not measured is done here."""
        del names
        return []

    @abstractmethod
    def issue(self, names: Sequence[str]) -> Words:
        """Give the command that gets a new certificate with a new P-256 key."""

    @property
    @abstractmethod
    def certificate(self) -> Path:
        """Where the certificate lies then."""

    def verify(self, names: Sequence[str], before: int) -> int:
        """See that the certificate is a new one for ``names``, and give its serial.

        Raises:
            BenchError: it is not.
        """
        leaf = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if set(found.get_values_for_type(x509.DNSName)) != set(names) or leaf.serial_number == before:
            message = f"{self.name} left another certificate behind than was asked for"
            raise BenchError(message)
        return leaf.serial_number


class Edgecert(Client):
    """This program."""

    @property
    @override
    def missing(self) -> str:
        """Why it cannot be measured; it always can."""
        return ""

    @override
    def prepare(self, names: Sequence[str]) -> Words:
        """Write the flags file; the first round opens the account."""
        self.pebble.write_flags(self.place / "edge.toml", names=tuple(names[1:]))
        return []

    @override
    def issue(self, names: Sequence[str]) -> Words:
        """Issue anew."""
        del names
        state = self.place / "state"
        return [BIN / "edgecert", "issue", "--force", "-c", self.place / "edge.toml", "--state-dir", state]

    @property
    @override
    def certificate(self) -> Path:
        """The newest generation."""
        return self.place / "state" / "certificates" / "edge" / "current" / "cert.pem"


class Certbot(Client):
    """certbot with its own server."""

    @override
    def environ(self, names: Sequence[str]) -> Mapping[str, str]:
        """Trust Pebble."""
        del names
        return {"REQUESTS_CA_BUNDLE": str(self.pebble.ca_file)}

    @override
    def issue(self, names: Sequence[str]) -> Words:
        """Issue anew."""
        address, _, port = self.pebble.listen.rpartition(":")
        places = [word for kind in ("config", "work", "logs") for word in (f"--{kind}-dir", self.place / kind)]
        key: Words = ["--key-type", "ecdsa", "--elliptic-curve", "secp256r1", "--no-reuse-key"]
        terms: Words = ["--agree-tos", "--register-unsafely-without-email", "-n", "--cert-name", "edge"]
        server: Words = ["--server", self.pebble.url, "--http-01-address", address, "--http-01-port", port]
        domains = [word for name in names for word in ("-d", name)]
        return ["certbot", "certonly", "--standalone", "--force-renewal", *places, *key, *terms, *server, *domains]

    @property
    @override
    def certificate(self) -> Path:
        """The live certificate."""
        return self.place / "config" / "live" / "edge" / "cert.pem"


class AcmeTiny(Client):
    """acme-tiny, with the ``openssl`` commands of its README for key and CSR."""

    @override
    def environ(self, names: Sequence[str]) -> Mapping[str, str]:
        """Trust Pebble, and say what the script below needs."""
        return {
            "SSL_CERT_FILE": str(self.pebble.ca_file),
            "NAMES": ",".join(f"DNS:{name}" for name in names),
            "WEBROOT": str(self.www / ".well-known" / "acme-challenge"),
            "DIRECTORY": self.pebble.url,
        }

    @override
    def prepare(self, names: Sequence[str]) -> Words:
        """Make the account's key."""
        del names
        return ["openssl", "genrsa", "-out", self.place / "account.key", "2048"]

    @override
    def issue(self, names: Sequence[str]) -> Words:
        """Issue anew."""
        del names
        return ["/bin/sh", "-ec", _TINY]

    @property
    @override
    def certificate(self) -> Path:
        """What it printed."""
        return self.place / "leaf.pem"


class Lego(Client):
    """lego with its own server."""

    @override
    def environ(self, names: Sequence[str]) -> Mapping[str, str]:
        """Trust Pebble."""
        del names
        return {"LEGO_CA_CERTIFICATES": str(self.pebble.ca_file)}

    @override
    def issue(self, names: Sequence[str]) -> Words:
        """Issue anew."""
        account: Words = ["--server", self.pebble.url, "--accept-tos", "--email", "pki@contoso.com"]
        where: Words = [
            "--path",
            self.place / "lego",
            "--key-type",
            "ec256",
            "--http",
            "--http.port",
            self.pebble.listen,
        ]
        return ["lego", *account, *where, *(word for name in names for word in ("-d", name)), "run"]

    @property
    @override
    def certificate(self) -> Path:
        """The newest."""
        return self.place / "lego" / "certificates" / "sip.contoso.com.crt"


class Dehydrated(Client):
    """dehydrated, which is a shell script around curl and openssl."""

    @override
    def environ(self, names: Sequence[str]) -> Mapping[str, str]:
        """Trust Pebble."""
        del names
        return {"CURL_CA_BUNDLE": str(self.pebble.ca_file)}

    @override
    def prepare(self, names: Sequence[str]) -> Words:
        """Write its configuration and open the account."""
        config = {
            "CA": self.pebble.url,
            "BASEDIR": str(self.place),
            "WELLKNOWN": str(self.www / ".well-known" / "acme-challenge"),
            "KEY_ALGO": "prime256v1",
        }
        lines = "".join(f'{name}="{value}"\n' for name, value in config.items())
        (self.place / "config").write_text(lines, encoding="utf-8")
        (self.place / "domains.txt").write_text(" ".join(names) + "\n", encoding="utf-8")
        return ["dehydrated", "--config", self.place / "config", "--register", "--accept-terms"]

    @override
    def issue(self, names: Sequence[str]) -> Words:
        """Issue anew."""
        del names
        return ["dehydrated", "--config", self.place / "config", "--cron", "--force"]

    @property
    @override
    def certificate(self) -> Path:
        """The newest."""
        return self.place / "certs" / "sip.contoso.com" / "cert.pem"


def clients(pebble: Pebble, scratch: Path) -> list[Client]:
    """Give every client."""
    return [
        Edgecert("edgecert", pebble, scratch / "edgecert"),
        AcmeTiny("acme-tiny", pebble, scratch / "acme-tiny", webroot=True),
        Certbot("certbot", pebble, scratch / "certbot"),
        Lego("lego", pebble, scratch / "lego"),
        Dehydrated("dehydrated", pebble, scratch / "dehydrated", webroot=True),
    ]


def web_server(client: Client) -> Program:
    """Give a web server for the document root of ``client``, started and listening."""
    address, _, port = client.pebble.listen.rpartition(":")
    words = [sys.executable, "-m", "http.server", port, "--bind", address, "--directory", str(client.www)]
    server = Program(words, client.place / "www.log").start()
    server.wait_until(lambda: is_open(address, int(port)), what="the web server to listen")
    return server
