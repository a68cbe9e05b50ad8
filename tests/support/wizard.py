"""The wizard without a terminal: a store of its own, keys pressed by Textual's pilot, the screen as text."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.shared.clock import SystemClock
from edgecert.wiring import Wiring
from edgecert.wizard.app import WizardApp
from edgecert.wizard.drafts import Drafts
from edgecert.wizard.session import WizardSession
from edgecert.wizard.work import Silence, Work
from tests.support.driven import Driven

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edgecert.interfaces import Progress
    from edgecert.model.request import CertificateRequest


@dataclass
class Wizard(Driven):
    """The wizard, driven."""

    app: WizardApp
    work: Work
    directory: Path

    @property
    def session(self) -> WizardSession:
        """The request that is in the making."""
        return self.app.session

    async def enter_until(self, *texts: str) -> None:
        """Press Enter on page after page until one shows ``texts``."""
        for _page in range(8):
            if all(text in self.text for text in texts):
                return
            await self.press("enter")
            await asyncio.sleep(0)
        await self.sees(*texts)

    async def new_request(self) -> None:
        """Begin a new request."""
        await self.sees("Available tasks")
        self.app.begin("new")
        await self.sees("Certificate request", "Who signs")

    async def go(self, page: str) -> None:
        """Go to a page by its word."""
        from edgecert.wizard.fields import Page

        self.session.go(Page(page))
        self.app.show_page()
        await self.pilot.pause()
        await self.pilot.pause()


def work_in(directory: Path) -> Work:
    """Give the use cases over a store of their own."""

    def wiring_for(progress: Progress, state_dir: Path | None = None) -> Wiring:
        return Wiring(state_dir or directory / "state", directory / "kek", {}, SystemClock(), progress)

    return Work(wiring_for)


@asynccontextmanager
async def wizard(
    directory: Path, *, start: CertificateRequest | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Wizard]:
    """Drive an application over a store in ``directory``."""
    work = work_in(directory)

    def new_session() -> WizardSession:
        known = frozenset(work.wiring(Silence()).store.lineages())
        return WizardSession(directory, start=start, known=known)

    app = WizardApp(new_session, work, Drafts(directory / "xdg" / "draft.json"))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Wizard(app, pilot, work, directory)
