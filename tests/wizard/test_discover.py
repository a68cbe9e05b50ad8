"""The DNS is asked, its proposal shown with reasons, and taken as one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.discovery import Discovery, Reason
from edgecert.model.findings import Finding, Severity
from edgecert.model.request import Topology
from edgecert.shared.errors import NetworkError
from edgecert.wizard.work import Work
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Answering(Work):
    """Work whose DNS says the same to everybody."""

    error: NetworkError | None = None

    def discover(self, domains: Sequence[str], nameservers: Sequence[str] = ()) -> Discovery:  # type: ignore[explicit-override]  # a fake
        if self.error is not None:
            raise self.error
        topology = Topology(access_edge="sip.contoso.com", sip_domains=tuple(domains))
        reason = Reason("access_edge", "sip.contoso.com", "SIP records of 1 domain lead there")
        finding = Finding("caa-present", Severity.INFO, ("contoso.com",), "CAA lets only example.net issue")
        return Discovery(topology, (reason,), (finding,))


async def test_a_proposal_is_shown_and_taken(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        seen.app.work = Answering(seen.work._wiring_for)  # noqa: SLF001  # the same store, another DNS
        await seen.new_request()
        await seen.go("names")
        await seen.press("f2")
        await seen.sees("Which domains?")
        await seen.type("bad..domain")
        await seen.press("enter")
        await seen.sees("✗")
        await seen.press("ctrl+u")
        await seen.type("contoso.com")
        await seen.press("enter")
        await seen.sees("✓ sip.contoso.com: SIP records", "! CAA lets only", "▸Take it◂")
        await seen.press("enter")
        await seen.sees("SIP domain contoso.com")
        assert seen.session.value("topology.access_edge") == "sip.contoso.com"
        await seen.press("ctrl+z")
        await seen.sees("No names yet")
        assert not seen.session.domains


async def test_a_dns_that_does_not_answer_is_said(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        work = Answering(seen.work._wiring_for)  # noqa: SLF001  # the same store, another DNS
        work.error = NetworkError("no nameserver", hint="see resolv.conf")
        seen.app.work = work
        await seen.new_request()
        await seen.go("names")
        await seen.press("f2")
        await seen.sees("Which domains?")
        await seen.type("contoso.com")
        await seen.press("enter")
        await seen.sees("✗ no nameserver", "see resolv.conf")
        await seen.press("escape")
        await seen.sees("No names yet")
