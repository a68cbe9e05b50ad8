"""certbot's directory as certbot 2.1.0 writes it (seen with Debian's), made for a test: keys and certificates are new.

``config/`` has ``renewal/NAME.conf``, ``archive/NAME/*1.pem`` with links to them in ``live/NAME``, and the account.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgecert.model.keys import PrivateKey

SERVER = "https://acme-v02.api.letsencrypt.org/directory"
ACCOUNT = "45d7e1a6b536d39e97a8ef5689189fc9"
ACCOUNT_URL = "https://acme-v02.api.letsencrypt.org/acme/acct/1234567"


def b64(number: int) -> str:
    """Give a number as a member of a JSON Web Key."""
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def jwk(key: PrivateKey) -> dict[str, str]:
    """Give ``key`` as certbot keeps it."""
    numbers = key.private_numbers()
    if isinstance(numbers, rsa.RSAPrivateNumbers):
        public = numbers.public_numbers
        members = {"n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q}
        members |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
        return {"kty": "RSA", **{name: b64(value) for name, value in members.items()}}
    point = numbers.public_numbers
    return {"kty": "EC", "crv": "P-256", "x": b64(point.x), "y": b64(point.y), "d": b64(numbers.private_value)}


@dataclass
class CertbotTree:
    """A directory of certbot's below ``root``."""

    root: Path
    server: str = SERVER
    account: PrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def __post_init__(self) -> None:
        """Make the account and the CA."""
        self.pki = Pki.create(self.root / "pki")
        self.write_account()

    @property
    def config(self) -> Path:
        """What is given to ``--certbot``."""
        return self.root / "letsencrypt"

    @property
    def account_home(self) -> Path:
        """The account's files."""
        return self.config / "accounts" / self.server.partition("://")[2] / ACCOUNT

    def write_account(self, *, url: str = ACCOUNT_URL) -> None:
        """Write the account as it is after a registration."""
        self.account_home.mkdir(parents=True, exist_ok=True)
        (self.account_home / "private_key.json").write_text(json.dumps(jwk(self.account)))
        (self.account_home / "regr.json").write_text(json.dumps({"body": {}, "uri": url}))
        (self.account_home / "meta.json").write_text('{"creation_dt": "2024-05-02T08:00:00Z", "creation_host": "edge"}')

    def add(
        self, name: str, names: tuple[str, ...], params: Mapping[str, str], *, more: str = "", top: str = ""
    ) -> None:
        """Write one lineage with the further lines ``params`` of its ``[renewalparams]``."""
        archive, live = self.config / "archive" / name, self.config / "live" / name
        archive.mkdir(parents=True)
        live.mkdir(parents=True)
        issued = self.pki.issue(names=names)
        certificate, key = issued.write(self.root / "pki", name)
        pems = certificate.read_text().split("-----END CERTIFICATE-----\n")
        leaf, chain = (
            pems[0] + "-----END CERTIFICATE-----\n",
            "".join(f"{pem}-----END CERTIFICATE-----\n" for pem in pems[1:-1]),
        )
        for kind, text in (
            ("cert", leaf),
            ("chain", chain),
            ("fullchain", leaf + chain),
            ("privkey", key.read_text()),
        ):
            (archive / f"{kind}1.pem").write_text(text)
            (live / f"{kind}.pem").symlink_to(f"../../archive/{name}/{kind}1.pem")
        (archive / "privkey1.pem").chmod(0o600)
        lines = [top or "# renew_before_expiry = 30 days", "version = 2.1.0"]
        lines += [
            f"{kind} = /etc/letsencrypt/live/{name}/{kind}.pem" for kind in ("cert", "privkey", "chain", "fullchain")
        ]
        lines += ["", "# Options used in the renewal process", "[renewalparams]", f"account = {ACCOUNT}"]
        lines += [f"server = {self.server}", *(f"{key} = {value}" for key, value in params.items()), more]
        (self.config / "renewal").mkdir(exist_ok=True)
        (self.config / "renewal" / f"{name}.conf").write_text("\n".join(lines) + "\n")
