"""``make pictures``: each page of the wizard and of the panel, by the running program, as PNG for README and docs.

Outside the gate: pictures are looked at by people. Textual draws SVG, and only Chromium sets its text to width.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    ChallengeOptions,
    DeployTarget,
    IssuerOptions,
    Subject,
    Topology,
)
from edgecert.wizard.session import WizardSession
from edgecert.wizard.work import Silence
from tests.support.panel import FakeDesk, panel
from tests.support.pki import Pki
from tests.support.signing import sign
from tests.support.wizard import Wizard, wizard

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.driven import Driven

PICTURES: Final = Path(__file__).parents[1] / "docs" / "pictures"
SIZE: Final = (96, 28)
HTML: Final = "<!doctype html><style>body{{margin:0;background:#121212}}svg{{display:block}}</style>{svg}"
LETS_ENCRYPT: Final = "https://acme-v02.api.letsencrypt.org/directory"
TOPOLOGY: Final = Topology(
    access_edge="sip.contoso.com",
    web_conferencing="webcon.contoso.com",
    sip_domains=("contoso.com", "fabrikam.com"),
    xmpp_domains=("contoso.com",),
)
ACME: Final = IssuerOptions(
    kind="acme",
    directory=LETS_ENCRYPT,
    email="pki@contoso.com",
    accept_terms=True,
    challenges=(ChallengeOptions(listen="0.0.0.0:80"),),
)
TARGETS: Final = (
    DeployTarget(name="gateway"),
    DeployTarget(name="prosody", kind="files", directory="/etc/prosody/certs", reload_command=("prosodyctl", "reload")),
)


def main() -> int:
    """Make all pictures; 1 if what draws them is missing."""
    browser = shutil.which("chromium")
    if browser is None:
        print("chromium is missing: make pictures installs it (root)", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    asyncio.run(_panel(_painter(browser)))
    for make in (_tasks, _request, _acme_pages, _execution, _pending):
        directory = Path(tempfile.gettempdir()) / "edge"  # it is seen in the pictures
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        asyncio.run(make(directory, _painter(browser)))
        shutil.rmtree(directory)
    return 0


def _painter(browser: str) -> Callable[[Driven, str], Awaitable[None]]:
    async def paint(seen: Driven, name: str) -> None:
        for _turn in range(3):
            await seen.pilot.pause()
        svg = seen.app.export_screenshot(title=seen.app.title)
        # The fonts it names are on the network; one that is here has the same width.
        svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
        width, height = (round(float(part)) for part in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0])
        await asyncio.to_thread(_convert, browser, svg, PICTURES / f"{name}.png", (width, height))
        print(f"docs/pictures/{name}.png")

    return paint


def _convert(browser: str, svg: str, target: Path, size: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory) / "page.html"
        page.write_text(HTML.format(svg=svg), encoding="utf-8")
        command = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--user-data-dir={directory}/profile", f"--window-size={size[0]},{size[1]}"),
            *(f"--screenshot={target}", page.as_uri()),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def _request_for(directory: Path, issuer: IssuerOptions | None = None) -> CertificateRequest:
    (directory / "certs").mkdir(exist_ok=True, parents=True)
    return CertificateRequest(
        certificate=CertificateOptions(name="edge-external", friendly_name="Contoso external edge"),
        subject=Subject(organization="Contoso", locality="Roma", country="IT"),
        topology=TOPOLOGY,
        issuer=issuer or IssuerOptions(),
        deploy=(DeployTarget(name="prosody", kind="files", directory=str(directory / "certs")),),
    )


async def _tasks(directory: Path, paint: Callable[[Wizard, str], Awaitable[None]]) -> None:
    async with wizard(directory, size=SIZE) as seen:
        seen.work.issue(_request_for(directory), None, Silence())
        seen.work.deploy("edge-external", Silence())
        seen.app.screen.look()  # type: ignore[attr-defined]  # the page of tasks
        await seen.sees("edge-external: sip.contoso.com")
        await paint(seen, "tasks")
        seen.app.begin("view")
        await seen.sees("Which certificate?")
        await seen.press("enter")
        await seen.sees("SHA-256")
        await paint(seen, "view")


async def _request(directory: Path, paint: Callable[[Wizard, str], Awaitable[None]]) -> None:
    start = replace(_request_for(directory), deploy=TARGETS)
    async with wizard(directory, start=start, size=SIZE) as seen:
        await seen.new_request()
        await paint(seen, "request")
        for page in ("security", "names", "targets", "summary"):
            await seen.go(page)
            await paint(seen, page)
            if page == "targets":
                await seen.pilot.click("#row-0")
                await seen.sees("Where it is served: 1")
                await paint(seen, "target")
                await seen.press("escape")
        await seen.press("f3")
        await seen.sees("Advanced")
        await paint(seen, "advanced")
        await seen.press("escape", "f1")
        await seen.sees("Help")
        await paint(seen, "help")


async def _acme_pages(directory: Path, paint: Callable[[Wizard, str], Awaitable[None]]) -> None:
    start = replace(_request_for(directory, ACME), deploy=TARGETS)
    async with wizard(directory, start=start, size=SIZE) as seen:
        seen.app.terms[LETS_ENCRYPT] = "Terms: https://letsencrypt.org/documents/LE-SA-v1.5.pdf"
        await seen.new_request()
        await seen.go("issuer")
        await paint(seen, "acme")
        await seen.go("names")
        seen.app.screen.query_one("#names").focus()
        await seen.press("down")
        await paint(seen, "name-cost")
        await seen.go("summary")
        await paint(seen, "summary-acme")


async def _execution(directory: Path, paint: Callable[[Wizard, str], Awaitable[None]]) -> None:
    async with wizard(directory, start=_request_for(directory), size=SIZE) as seen:
        await seen.new_request()
        await seen.go("summary")
        await seen.press("enter")
        await seen.sees("The certificate is there")
        await paint(seen, "result")
        await seen.press("enter")
        await seen.sees("Into service", "prosody")
        await paint(seen, "deployed")
        elsewhere = replace(TOPOLOGY, access_edge="sip.northwind.com", sip_domains=("northwind.com",), xmpp_domains=())
        seen.app.start_session(
            WizardSession(directory, start=replace(_request_for(directory), topology=elsewhere), known=seen.app.known)
        )
        await seen.go("summary")
        await seen.press("enter")
        await seen.sees("Back, to mend it")
        await paint(seen, "failure")


async def _pending(directory: Path, paint: Callable[[Wizard, str], Awaitable[None]]) -> None:
    csr = directory / "edge.csr"
    async with wizard(directory, size=SIZE) as seen:
        issuer = IssuerOptions(kind="csr", request_file=str(csr))
        seen.work.issue(_request_for(directory, issuer), None, Silence())
        answer = directory / "answer.pem"
        answer.write_bytes(sign(Pki.create(directory / "pki", name="Contoso"), csr))
        seen.app.begin("pending")
        await seen.sees("Process a pending request")
        await seen.type(str(answer))
        await seen.press("enter")
        await seen.sees("Take it")
        await paint(seen, "pending")


async def _panel(paint: Callable[[Driven, str], Awaitable[None]]) -> None:
    async with panel(FakeDesk(), size=SIZE) as seen:
        await seen.sees("fabrikam.com")
        await seen.press("down")
        await paint(seen, "panel-partners")
        for number, page in enumerate(("streams", "contacts", "certificates", "failures"), start=2):
            await seen.press(str(number))
            await seen.sees(f"{number} {page.capitalize()}]")
            await paint(seen, f"panel-{page}")
        await seen.press("1", "e")
        await seen.sees("Partner northwind.example")
        await seen.press("tab", "right")
        await paint(seen, "panel-partner")
        await seen.press("escape", "t", "enter")
        await seen.sees("It was not reached.")
        await paint(seen, "panel-walk")


if __name__ == "__main__":
    sys.exit(main())
