"""A pending request is processed: from a file or a paste, the chain shown before anything is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.request import CertificateRequest, DeployTarget, IssuerOptions, Topology
from edgecert.wizard.work import Silence
from tests.support.pki import Pki
from tests.support.signing import sign
from tests.support.wizard import Wizard, wizard

if TYPE_CHECKING:
    from pathlib import Path


def made(seen: Wizard, directory: Path) -> Pki:
    (directory / "certs").mkdir()
    request = CertificateRequest(
        topology=Topology(sip_domains=("contoso.com",)),
        issuer=IssuerOptions(kind="csr", request_file=str(directory / "e.csr")),
        deploy=(DeployTarget(name="web", kind="files", directory=str(directory / "certs")),),
    )
    named = CertificateRequest(
        certificate=type(request.certificate)(name="edge", key_algorithm="ecdsa"),
        topology=request.topology,
        issuer=request.issuer,
        deploy=request.deploy,
    )
    seen.work.issue(named, None, Silence())
    return Pki.create(directory / "pki")


async def test_a_file_is_looked_at_mended_by_a_chain_file_and_taken(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        pki = made(seen, tmp_path)
        answer = sign(pki, tmp_path / "e.csr")
        leaf = answer[answer.rindex(b"-----BEGIN") :]
        (tmp_path / "leaf.pem").write_bytes(leaf)
        (tmp_path / "chain.pem").write_bytes(answer[: answer.rindex(b"-----BEGIN")])
        seen.app.begin("pending")
        await seen.sees("Process a pending request", "edge", "sip.contoso.com")
        await seen.press("enter")
        await seen.sees("Name a file, or paste")
        await seen.type(f"{tmp_path}/none.pem")
        await seen.press("enter")
        await seen.sees("✗", "No such file")
        await seen.press("ctrl+u")
        await seen.type(f"{tmp_path}/leaf.pem")
        await seen.press("enter")
        await seen.sees("answers the request of edge", "(leaf)", "✗ ")
        seen.app.screen.query_one("#extra").focus()
        await seen.type(f"{tmp_path}/chain.pem")
        await seen.press("enter")
        await seen.sees("└─ Test Issuing CA", "✓ the chain is whole", "! not trusted by this system", "▸Take it◂")
        await seen.press("enter")
        await seen.sees("The request is completed", "▸Deploy now◂")
        await seen.press("enter")
        await seen.sees("web: has it")


async def test_what_answers_nothing_is_said(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        pki = made(seen, tmp_path)
        seen.app.begin("pending")
        await seen.sees("or paste PEM")
        area = seen.app.screen.query_one("#paste")
        area.focus()
        area.text = pki.issue(["x.example"]).cert_pem.decode()  # type: ignore[attr-defined]  # a text area
        await seen.pilot.click("#look")
        await seen.sees("no request here has the public key")


async def test_where_nothing_waits_that_is_said(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.sees("Available tasks")
        seen.app.begin("pending")
        await seen.sees("No request is waiting")
