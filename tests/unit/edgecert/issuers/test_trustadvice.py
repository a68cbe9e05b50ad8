from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.issuers.authority import build_root
from edgecert.issuers.trustadvice import trust_instructions
from edgecert.model.keys import generate_key
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


def test_tells_each_system_and_the_fingerprint_as_openssl_prints_it(tmp_path: Path) -> None:
    path = tmp_path / "contoso-root.pem"
    root = build_root(generate_key("ecdsa", 256), label="contoso.com", now=FakeClock().now())
    path.write_bytes(root.public_bytes(Encoding.PEM))
    text = trust_instructions(root, str(path))
    for expected in (
        f'ca_file = "{path}"',
        f"{path} /usr/local/share/ca-certificates/contoso-root.crt",
        "update-ca-certificates",
        "Prosody",
        f"s2s_cafile: {path}",
        f"certutil -addstore -f Root {path}",
        "2036-10-31T12:00:00Z",
    ):
        assert expected in text
    command = ["openssl", "x509", "-in", str(path), "-noout", "-fingerprint", "-sha256"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert printed.strip().partition("=")[2] in text
