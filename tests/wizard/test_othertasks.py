"""The tasks beside a new request, each with a certificate that is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.wizard.work import Silence
from tests.support.wizard import Wizard, wizard
from tests.wizard.test_result import start_with

if TYPE_CHECKING:
    from pathlib import Path


async def picked(seen: Wizard, directory: Path, task: str) -> None:
    request = start_with(directory)
    named = type(request)(
        certificate=type(request.certificate)(name="edge", key_algorithm="ecdsa"),
        topology=request.topology,
        deploy=request.deploy,
    )
    seen.work.issue(named, None, Silence())
    await seen.sees("Available tasks")
    seen.app.begin(task)
    await seen.sees("Which certificate?", "edge, generation 1: sip.contoso.com")
    await seen.press("enter")


async def test_nothing_can_be_picked_where_there_is_nothing(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.sees("Available tasks")
        seen.app.begin("assign")
        await seen.sees("There is no certificate yet")


async def test_a_certificate_is_assigned_renewed_and_rolled_back(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await picked(seen, tmp_path, "assign")
        await seen.sees("Put it into service at all its targets?")
        await seen.press("enter")
        await seen.sees("web: has it")
        await seen.press("enter")
        await seen.sees("Available tasks")
        seen.app.begin("renew")
        await seen.sees("Which certificate?")
        await seen.press("enter")
        await seen.sees("Renewed, 1 target", "generation 2")
        await seen.press("enter")
        await seen.sees("Available tasks")
        seen.app.begin("rollback")
        await seen.sees("Which certificate?")
        await seen.press("enter")
        await seen.sees("It is kept with the generation")
        await seen.type("calls fail")
        await seen.press("enter")
        await seen.sees("Generation 1 is in service again")


async def test_a_certificate_is_assigned_at_a_date(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await picked(seen, tmp_path, "assign")
        await seen.pilot.click("#answer-date")
        await seen.sees("When?")
        await seen.type(f"{seen.work.now():%Y-%m-%d}T23:59:59Z")
        await seen.press("enter")
        await seen.sees("Staged for")


async def test_a_request_is_changed_on_the_same_pages(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await picked(seen, tmp_path, "change")
        await seen.sees("Certificate request")
        assert seen.session.value("certificate.name") == "edge"
        await seen.go("summary")
        await seen.sees("is there already: this becomes its next generation")


async def test_a_certificate_is_exported(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await picked(seen, tmp_path, "export")
        await seen.sees("In which form?")
        await seen.press("enter")
        await seen.sees("File:")
        await seen.press("ctrl+u")
        await seen.type(str(tmp_path / "e.p12"))
        await seen.press("enter")
        await seen.sees("Password, shown once")
        assert (tmp_path / "e.p12").exists()


async def test_a_certificate_is_viewed(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await picked(seen, tmp_path, "view")
        await seen.sees("Subject", "Deployed     nowhere")


async def test_a_certificate_is_removed_by_its_name_alone(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await picked(seen, tmp_path, "remove")
        await seen.sees("Type edge to remove it")
        await seen.type("edge")
        await seen.press("enter")
        await seen.sees("Available tasks", "edge is removed")
        assert seen.work.held() == ()
