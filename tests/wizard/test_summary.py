"""Everything on one page: the command, the flags file, copy and save, and what is begun from there."""

from __future__ import annotations

import shlex
import tomllib
from typing import TYPE_CHECKING

from edgecert.model.request import CertificateRequest, ChallengeOptions, IssuerOptions, Topology
from tests.support.wizard import Wizard, wizard

if TYPE_CHECKING:
    from pathlib import Path

START = CertificateRequest(topology=Topology(sip_domains=("contoso.com",), xmpp_domains=("contoso.com",)))


async def to_summary(seen: Wizard) -> None:
    await seen.new_request()
    await seen.go("summary")
    await seen.sees("Request summary", "sip.contoso.com")


async def test_the_whole_request_is_on_one_page(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=START) as seen:
        await to_summary(seen)
        shown = await seen.sees("edge-external", "rsa 2048", "edgecert apply --name edge-external", "▸Issue now◂")
        assert "Nothing has been sent" in shown
        assert shlex.split(seen.session.command())[0] == "edgecert"


async def test_the_flags_file_is_viewed_saved_and_not_written_over_by_accident(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=START) as seen:
        await to_summary(seen)
        await seen.pilot.click("#file")
        await seen.sees("[topology]", 'sip_domains = ["contoso.com"]')
        await seen.press("escape")
        file = tmp_path / "e.toml"
        for answer in ("", "no", "yes"):
            if answer:
                file.write_text("mine", encoding="utf-8")
            await seen.sees("Save flags file")
            await seen.press("f6")
            await seen.sees("File:")
            await seen.press("ctrl+u")
            await seen.type(str(file))
            await seen.press("enter")
            if answer:
                await seen.sees("Write over it?")
                await seen.pilot.click(f"#answer-{answer}")
                await seen.pilot.pause()
            if answer != "no":
                await seen.sees("✓ Written to")
                assert tomllib.loads(file.read_text(encoding="utf-8"))["version"] == 1
            else:
                assert file.read_text(encoding="utf-8") == "mine"


async def test_the_command_is_copied(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=START) as seen:
        await to_summary(seen)
        await seen.press("f5")
        await seen.sees("Copied")
        assert seen.app.clipboard == seen.session.command()


async def test_nothing_is_begun_while_something_is_wrong(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("summary")
        await seen.press("enter")
        await seen.sees("Request summary", "✗ topology:")


async def test_with_acme_a_test_run_is_offered_first(tmp_path: Path) -> None:
    start = CertificateRequest(
        topology=START.topology,
        issuer=IssuerOptions(
            kind="acme",
            directory="https://ca.example/dir",
            accept_terms=True,
            challenges=(ChallengeOptions(listen="0.0.0.0:80"),),
        ),
    )
    async with wizard(tmp_path, start=start) as seen:
        await to_summary(seen)
        await seen.sees("▸Test run, spends nothing◂", "[Issue now]", "no directory for tests")


async def test_a_test_run_leads_back_to_the_summary(tmp_path: Path) -> None:
    async with wizard(tmp_path, start=START) as seen:
        await to_summary(seen)
        await seen.pilot.click("#try")
        await seen.sees("The test run went well", "would be issued")
        await seen.press("enter")
        await seen.sees("Request summary")
        assert not (tmp_path / "state" / "certificates").exists()
