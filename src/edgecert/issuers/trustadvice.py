"""What is said to the people who shall trust the local CA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes

from edgecert.shared.chain import describe_name
from edgecert.shared.clock import format_time

if TYPE_CHECKING:
    from cryptography import x509


def trust_instructions(root: x509.Certificate, path: str) -> str:
    """Give how each kind of system is made to trust ``root``, which lies in the PEM file ``path``."""
    digest = root.fingerprint(hashes.SHA256()).hex(":").upper()
    name = path.rpartition("/")[2].removesuffix(".pem") or "edgecert"
    return f"""\
{describe_name(root.subject)}, valid until {format_time(root.not_valid_after_utc)}

Send {path} to whoever shall trust it. Before they do, let them read you its fingerprint over the telephone:
  openssl x509 -in {path} -noout -fingerprint -sha256
  {digest}

edgecert-gateway   [trust]
                   ca_file = "{path}"
                   then: edgecert-gateway reload
                   (ca_file stands in place of the system's roots; to keep those too, do as for Debian instead)
Debian, Ubuntu     install -m 0644 {path} /usr/local/share/ca-certificates/{name}.crt
                   update-ca-certificates
Prosody            trusts what the system trusts: do as for Debian, then restart Prosody
ejabberd           in ejabberd.yml:  s2s_cafile: {path}
                   then: ejabberdctl reload_config
Windows            certutil -addstore -f Root {path}
"""
