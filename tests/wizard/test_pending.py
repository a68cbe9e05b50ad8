"""A pending request is processed: from a file or a paste, the chain shown before anything is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from textual import events

from edgecert.model.request import CertificateRequest, DeployTarget, IssuerOptions, Topology
from edgecert.wizard.work import Silence
from tests.support.pki import Pki
from tests.support.signing import sign
from tests.support.wizard import Wizard, wizard

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short names of files, wherever the tests' directory is: a line that wraps is not found."""
    monkeypatch.chdir(tmp_path)


def made(seen: Wizard, directory: Path, name: str = "edge", file: str = "e.csr") -> Pki:
    (directory / "certs" / name).mkdir(parents=True)
    request = CertificateRequest(
        topology=Topology(sip_domains=("contoso.com",)),
        issuer=IssuerOptions(kind="csr", request_file=str(directory / file)),
        deploy=(DeployTarget(name=name, kind="files", directory=str(directory / "certs" / name)),),
    )
    named = CertificateRequest(
        certificate=type(request.certificate)(name=name, key_algorithm="ecdsa"),
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
        await seen.type("none.pem")
        await seen.press("enter")
        await seen.sees("✗", "No such file")
        await seen.press("ctrl+u")
        await seen.type("leaf.pem")
        await seen.press("enter")
        await seen.sees("answers the request of edge", "(leaf)", "✗ ")
        seen.app.screen.query_one("#extra").focus()
        await seen.type("chain.pem")
        await seen.press("enter")
        await seen.sees("└─ Test Issuing CA", "✓ the chain is whole", "! not trusted by this system", "▸Take it◂")
        await seen.press("enter")
        await seen.sees("The request is completed", "▸Deploy now◂")
        await seen.press("enter")
        await seen.sees("edge: has it")


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


async def test_one_of_several_is_picked_and_an_answer_to_another_is_not_taken_for_it(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        made(seen, tmp_path, "other", "o.csr")
        pki = made(seen, tmp_path)
        (tmp_path / "answer.pem").write_bytes(sign(pki, tmp_path / "e.csr"))
        seen.app.begin("pending")
        await seen.sees("(●) whichever has the key", "(○) edge  ", "(○) other  ")
        await seen.type("answer.pem")
        await seen.press("shift+tab", "up")
        await seen.sees("(●) other")
        await seen.press("tab", "enter")
        await seen.sees("✗ it answers another request than the one that was picked: edge", "pick that one")
        await seen.press("shift+tab", "up", "tab", "enter")
        await seen.sees("(●) edge", "✓ answers the request of edge", "▸Take it◂")
        await seen.press("enter")
        await seen.sees("The request is completed")


async def test_names_that_were_not_asked_for_are_taken_only_on_purpose(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        pki = made(seen, tmp_path)
        (tmp_path / "answer.pem").write_bytes(sign(pki, tmp_path / "e.csr", "www.contoso.com"))
        seen.app.begin("pending")
        await seen.sees("Process a pending request")
        await seen.type("answer.pem")
        await seen.press("enter")
        await seen.sees("! ", "www.contoso.com", "[Take it with these names]", "▸Back◂")
        await seen.pilot.click("#take")
        await seen.sees("The request is completed", "www.contoso.com")


async def test_a_password_is_asked_for_where_the_file_has_one(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        pki = made(seen, tmp_path)
        issuing, leaf = x509.load_pem_x509_certificates(sign(pki, tmp_path / "e.csr"))
        protection = serialization.BestAvailableEncryption(b"from the CA")
        packed = pkcs12.serialize_key_and_certificates(b"edge", None, leaf, [issuing], protection)
        (tmp_path / "answer.p12").write_bytes(packed)
        seen.app.begin("pending")
        await seen.sees("Process a pending request")
        assert "Password" not in seen.text
        await seen.type("answer.p12")
        await seen.press("enter")
        await seen.sees("✗ ", "Password of the file")
        await seen.type("from the CA")
        assert "from the CA" not in seen.text
        await seen.press("enter")
        await seen.sees("✓ the chain is whole", "▸Take it◂")
        await seen.press("enter")
        await seen.sees("The request is completed")


async def test_a_long_paste_comes_whole_and_in_order(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        pki = made(seen, tmp_path)
        answer = sign(pki, tmp_path / "e.csr").decode() + pki.ca_file.read_text() * 9
        assert len(answer) > 5000
        seen.app.begin("pending")
        await seen.sees("or paste PEM")
        seen.app.screen.query_one("#paste").focus()
        await seen.pilot.pause()
        seen.app.post_message(events.Paste(answer))
        await seen.pilot.pause()
        await seen.pilot.click("#look")
        await seen.sees("✓ the chain is whole")


async def test_pem_that_is_pasted_into_the_field_of_the_file_goes_where_it_belongs(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        pki = made(seen, tmp_path)
        seen.app.begin("pending")
        await seen.sees("or paste PEM")
        seen.app.post_message(events.Paste("leaf.pem"))
        await seen.sees("[leaf.pem ")
        await seen.press("ctrl+u")
        seen.app.post_message(events.Paste(sign(pki, tmp_path / "e.csr").decode()))
        await seen.sees("-----END CERTIFICATE-----")
        await seen.press("tab", "enter")
        await seen.sees("✓ the chain is whole")
