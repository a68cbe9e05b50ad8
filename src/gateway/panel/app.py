"""The panel on a terminal: looks at the gateway every second, and does what is asked in threads of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import SystemCommand
from typing_extensions import override

from edgecert.shared.errors import ExitCode
from edgecert.shared.tui.app import TerminalApp
from edgecert.shared.words import _
from gateway.panel.screens.main import MainScreen
from gateway.panel.session import TITLES, PanelSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from textual.binding import BindingType
    from textual.screen import Screen

    from edgecert.shared.clock import Clock
    from edgecert.shared.errors import EdgecertError
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.panel.desk import Desk
    from gateway.panel.session import Page
    from gateway.panel.views import State

INTERVAL: Final = 1.0


class PanelApp(TerminalApp[ExitCode]):
    """One run of the panel."""

    TITLE = "edgecert-gateway"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self, desk: Desk, clock: Clock, *, theme: str = "", theme_file: Path | None = None, interval: float = INTERVAL
    ) -> None:
        """Look at the gateway behind ``desk`` every ``interval`` seconds."""
        super().__init__(theme=theme, theme_file=theme_file)
        self.desk = desk
        self.session = PanelSession(clock)
        self._interval = interval
        self._clock = clock
        self._asked_at: float | None = None
        self._main = MainScreen()

    @override
    def get_default_screen(self) -> Screen[object]:
        return self._main  # type: ignore[return-value]  # a page gives nothing back

    @override
    def on_mount(self) -> None:  # Textual calls the base class's too
        self.set_interval(self._interval, self.look)
        self.look()

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._main.page

    @override
    def leads(self, key: str) -> bool:
        return super().leads(key) or self.screen is self._main  # where letters open windows

    # --- looking

    def look(self) -> None:
        """Look at the gateway, unless the last look is not yet answered; then tell for how long."""
        now = self._clock.monotonic()
        if self._asked_at is not None:
            self.session.waits(now - self._asked_at)
            self._main.show()
        else:
            self._asked_at = now
            self.run_aside(self.desk.look, self._took, self._lost, name="look")

    def look_at_contacts(self) -> None:
        """Ask for the contacts, which nobody needs every second."""
        if not self.desk.read_only:
            self.run_aside(self.desk.contacts, self._took_contacts, self.failed, name="contacts")

    def _took(self, answer: JsonObject) -> None:
        self._asked_at = None
        self.session.took(answer)
        self._main.show()

    def _took_contacts(self, answer: JsonObject) -> None:
        self.session.took_contacts(answer)
        self._main.show()

    def _lost(self, error: EdgecertError) -> None:
        self._asked_at = None
        self.session.lost(error)
        self._main.show()

    # --- doing

    def change(self, what: Callable[[], JsonObject], said: Callable[[JsonObject], str]) -> None:
        """Do ``what`` aside, tell what came of it by ``said``, and look again."""

        def done(answer: JsonObject) -> None:
            self.notify(said(answer), title=self.marks.done, markup=False)
            self.look()
            self.look_at_contacts()

        self.run_aside(what, done, self.failed, name="change")

    def failed(self, error: EdgecertError) -> None:
        """Tell what went wrong and what can be done."""
        text = "\n".join(part for part in (error.message, error.hint) if part)
        title = f"{self.marks.bad} {error.code}"
        self.notify(text, title=title, severity="error", timeout=15, markup=False)

    def mark(self, state: State) -> str:
        """Give the sign of a state, which is never a colour alone."""
        marks = self.marks
        return {
            "good": marks.done,
            "warning": marks.warning,
            "bad": marks.bad,
            "busy": marks.busy,
            "idle": marks.ahead,
        }[state]

    @override
    def action_leave(self) -> None:
        self.exit(ExitCode.OK)

    # --- the palette

    @override
    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for page, title in TITLES.items():
            yield SystemCommand(title, _("Go to this page"), lambda page=page: self._main.go(page))
        for name, text in self._main.commands():
            yield SystemCommand(text, _("On this page"), lambda name=name: self._main.do(name))
