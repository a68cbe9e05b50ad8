"""More names than a certificate takes, by whole commands: several lineages from one flags file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from edgecert.shared.certfacts import spki_sha256
from tests.support.cli import Host

if TYPE_CHECKING:
    from pathlib import Path


def a_host(directory: Path, kind: str) -> Host:
    """Give a host whose flags file asks for 120 names."""
    host = Host(directory)
    host.write(kind=kind)
    domains = ", ".join(f'"d{number}.example"' for number in range(60))
    text = host.flags_file.read_text(encoding="utf-8")
    text = text.replace('["contoso.example"]', f"[{domains}]").replace("sip.contoso.example", "sip.d0.example")
    host.flags_file.write_text(text, encoding="utf-8")
    return host


def test_the_local_ca_signs_all_parts_and_each_is_renewed_as_what_it_is(tmp_path: Path) -> None:
    host = a_host(tmp_path, "local")
    applied = host.apply()
    assert applied.code == 0, applied.stdout
    first, second = applied.result["certificates"]
    assert (first["name"], second["name"]) == ("edge", "edge-2")
    assert len(first["names"]) + len(second["names"]) == 120
    renewed = host.run("renew", "edge-2", "--force").result["lineages"][0]["certificate"]
    assert (renewed["generation"], renewed["names"]) == (2, second["names"])
    again = host.apply().result["certificates"]
    assert [(entry["action"], entry["settings_changed"]) for entry in again] == [("unchanged", False)] * 2
    installed = sorted(path.name for path in (tmp_path / "certs").iterdir())
    assert installed == ["fullchain-2.pem", "fullchain.pem", "privkey-2.pem", "privkey.pem"]


def test_each_part_has_a_csr_of_its_own(tmp_path: Path) -> None:
    host = a_host(tmp_path, "csr")
    place = str(tmp_path / "edge.csr")
    for ran in (
        host.apply("--request-file", place),
        host.run("request", "-c", str(host.flags_file), "--request-file", place),
    ):
        assert ran.code in {0, 5}, ran.stdout
        keys = set()
        for name in ("edge.csr", "edge-2.csr"):
            csr = x509.load_pem_x509_csr((tmp_path / name).read_bytes())
            keys.add(spki_sha256(csr.public_key()))
        assert len(keys) == 2
    assert len(host.run("list").result["requests"]) == 2
