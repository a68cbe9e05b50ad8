"""What came of it, and what is next: now, at a date, or done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.request import CertificateRequest, DeployTarget, IssuerOptions, Topology
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


def start_with(directory: Path, *, kind: str = "local") -> CertificateRequest:
    (directory / "certs").mkdir(exist_ok=True)
    return CertificateRequest(
        topology=Topology(sip_domains=("contoso.com",)),
        issuer=IssuerOptions(kind="csr" if kind == "csr" else "local"),
        deploy=(DeployTarget(name="web", kind="files", directory=str(directory / "certs")),),
    )


async def test_a_certificate_is_told_viewed_and_deployed(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=start_with(tmp_path)) as seen:
        await seen.new_request()
        await seen.go("summary")
        await seen.press("enter")
        await seen.sees("The certificate is there", "Valid until", "in 89 days", "▸Deploy now◂", "0001")
        assert seen.app.drafts.load() is None
        await seen.pilot.click("#view-0")
        await seen.sees("Subject", "SHA-256")
        await seen.press("escape")
        await seen.pilot.click("#log")
        await seen.sees("generation 1 stored")
        await seen.press("escape")
        await seen.sees("[Deploy now]")
        seen.app.screen.query_one("#deploy").focus()
        await seen.press("enter")
        await seen.sees("Into service", "web: has it; what it serves was not seen", "Done")
        await seen.press("enter")
        await seen.sees("Available tasks", "edge-external: sip.contoso.com")


async def test_a_certificate_is_staged_for_a_date(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=start_with(tmp_path)) as seen:
        await seen.new_request()
        await seen.go("summary")
        await seen.press("enter")
        await seen.sees("[At a date]")
        await seen.pilot.click("#stage")
        await seen.sees("When?")
        await seen.type("tomorrow")
        await seen.press("enter")
        await seen.sees("is no date")
        await seen.pilot.click("#stage")
        await seen.sees("When?")
        date = f"{seen.work.now():%Y-%m-%d}T23:59:59Z"
        await seen.type(date)
        await seen.press("enter")
        await seen.sees("Staged for", date)


async def test_a_request_to_be_carried_is_decoded(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=start_with(tmp_path, kind="csr")) as seen:
        await seen.new_request()
        await seen.go("summary")
        await seen.sees("▸Make key and request◂")
        await seen.press("enter")
        await seen.sees("Certificate request file", "CSR:", "rsa-2048", "▸Done◂")
        await seen.pilot.click("#view-0")
        await seen.sees("-----BEGIN CERTIFICATE REQUEST")
        assert (tmp_path / "edge-external.csr").exists()
