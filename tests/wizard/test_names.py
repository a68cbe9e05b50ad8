"""The page of the names: live, with ticks, undo, and what each name costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.request import CertificateRequest, ChallengeOptions, IssuerOptions, Topology
from edgecert.wizard.answers import DomainRow
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path

ACME = CertificateRequest(
    issuer=IssuerOptions(
        kind="acme",
        directory="https://ca.example/dir",
        accept_terms=True,
        challenges=(ChallengeOptions(listen="0.0.0.0:80"),),
    ),
    topology=Topology(access_edge="sip.contoso.com", additional_names=("*.contoso.com",)),
)


async def test_a_domain_becomes_names_while_one_looks(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.sees("No names yet", "Type a domain and press Enter")
        await seen.type("contoso.com")
        await seen.press("enter")
        shown = await seen.sees("2 names in 1 certificate", "SIP domain contoso.com", "XMPP domain contoso.com")
        assert "[x]     [x]" in shown
        await seen.type("fabrikam.com, bücher.example")
        await seen.press("enter")
        await seen.sees("6 names in 1 certificate", "bücher.example")
        await seen.press("enter")
        await seen.sees("Where it is served")


async def test_what_is_no_domain_is_said_and_stays_to_be_mended(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.type("contoso..com")
        await seen.press("enter")
        await seen.sees("✗", "contoso..com")
        assert not seen.session.domains
        await seen.press("end", *["backspace"] * 5)
        await seen.type(".com")
        await seen.press("enter")
        assert seen.session.domains == (DomainRow("contoso.com"),)


async def test_the_page_is_not_left_without_a_name(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.press("enter")
        await seen.sees("Subject names", "no name that a certificate could carry")


async def test_ticks_removal_edit_and_undo_by_keys_alone(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.type("contoso.com fabrikam.com")
        await seen.press("enter")
        await seen.press("tab")
        await seen.sees("Space ticks")
        await seen.press("space")
        assert seen.session.domains[0] == DomainRow("contoso.com", sip=False)
        await seen.sees("3 names")
        await seen.press("down", "right", "space")
        assert seen.session.domains[1] == DomainRow("fabrikam.com", xmpp=False)
        await seen.press("delete")
        assert len(seen.session.domains) == 1
        await seen.press("ctrl+z")
        assert len(seen.session.domains) == 2
        await seen.press("ctrl+y")
        assert len(seen.session.domains) == 1


async def test_a_domain_is_edited_in_its_place(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.type("contoso.con")
        await seen.press("enter", "tab", "e")
        await seen.press("end", "backspace", "m", "enter")
        assert seen.session.domains == (DomainRow("contoso.com"),)


async def test_each_name_says_what_it_costs_and_what_it_breaks(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=ACME) as seen:
        await seen.new_request()
        await seen.go("names")
        seen.app.screen.query_one("#names").focus()
        await seen.press("up")
        await seen.sees("sip.contoso.com: has to lead to this host")
        await seen.press("down")
        await seen.sees("cannot be proven by http-01, only by dns-01")
        await seen.press("delete")
        assert seen.session.value("topology.additional_names") == []
        await seen.press("ctrl+z")
        assert seen.session.value("topology.additional_names") == ["*.contoso.com"]


async def test_an_internal_edge_asks_for_its_own_name(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.press("down")
        await seen.go("names")
        shown = await seen.sees("Internal FQDN")
        assert "Add a domain" not in shown
        await seen.type("edge.contoso.net")
        await seen.sees("1 name in 1 certificate", "internal edge")


async def test_a_split_is_shown(tmp_path: Path) -> None:
    many = tuple(f"h{number}.contoso.com" for number in range(101))
    start = CertificateRequest(topology=Topology(additional_names=many))
    async with wizard(tmp_path, start=start, size=(120, 40)) as seen:
        await seen.new_request()
        await seen.go("names")
        await seen.sees("101 names in 2 certificates", "edge-external-2" if "edge-external-2" in seen.text else "In")
