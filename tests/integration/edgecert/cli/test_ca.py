"""``ca``: the built-in CA."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.cli import Host


def test_shows_exports_and_extends(host: Host) -> None:
    assert host.run("ca", "show").code == 1
    host.apply()
    assert host.run("ca", "show").result["constraints"]["domains"] == ["contoso.example"]
    root = host.directory / "root.pem"
    ran = host.run("ca", "export", "-o", str(root), json=False)
    assert root.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert "update-ca-certificates" in ran.stdout
    assert host.apply("--xmpp-domains", "fabrikam.example").code == 6
    assert host.run("ca", "extend", "fabrikam.example").code == 0
    assert host.apply("--xmpp-domains", "fabrikam.example").code == 0


def test_extend_needs_domains_and_show_takes_none(host: Host) -> None:
    host.apply()
    assert host.run("ca", "extend").code == 2
    assert host.run("ca", "show", "contoso.example").code == 2
