"""The frame of an application on a terminal: themes, keys held while a page changes, leaving, jobs aside."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.theme import ThemeProvider
from typing_extensions import override

from edgecert.shared.atomic import write_file
from edgecert.shared.errors import EdgecertError
from edgecert.shared.tui.controls import AsciiFilter, ControlFilter
from edgecert.shared.tui.marks import ASCII, marks_for
from edgecert.shared.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from textual.binding import BindingType
    from textual.dom import DOMNode
    from textual.filter import LineFilter
    from textual.message_pump import MessagePump
    from textual.notifications import SeverityLevel
    from textual.screen import Screen

Result = TypeVar("Result")
Value = TypeVar("Value")
_CONTROLS: Final = ControlFilter()
_ASCII_ONLY: Final = AsciiFilter()
_LONGEST_HOLD: Final = 10.0  # a net only: the keys arrive long before, on a busy host too
_ALWAYS: Final = frozenset({"ctrl+c", "ctrl+q"})
_LEADING: Final = frozenset(
    {"enter", "escape", "tab", "shift+tab", "ctrl+n", "ctrl+z", "ctrl+y", "ctrl+p", "f1", "f2", "f3", "f5", "f6", "f8"}
)


class TerminalApp(App[Result]):
    """Both programs' applications begin here."""

    TITLE = "edgecert"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", _("Leave"), show=False, priority=True, system=True),
        Binding("ctrl+q", "leave", _("Leave"), show=False, priority=True),
    ]

    def __init__(self, *, theme: str = "", theme_file: Path | None = None) -> None:
        """Use ``theme``, else the one that was chosen last, which ``theme_file`` keeps."""
        super().__init__()
        self.marks = marks_for(os.environ)
        self._theme_file = theme_file
        self._wanted_theme = theme or self._kept_theme()
        self._held: list[events.Key | events.Paste] | None = None
        self._hold_number = 0
        self._changing = False

    @override
    def get_line_filters(self) -> Sequence[LineFilter]:
        ascii_only = (_ASCII_ONLY,) if self.marks is ASCII else ()
        return (*super().get_line_filters(), _CONTROLS, *ascii_only)

    @override
    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        # Never as markup: what is told holds words of CAs, the DNS and partners, who would style what they like.
        del markup
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    # --- themes ---------------------------------------------------------------------------------------

    def _kept_theme(self) -> str:
        try:
            return self._theme_file.read_text(encoding="utf-8").strip() if self._theme_file else ""
        except OSError:
            return ""

    def on_mount(self) -> None:
        """Take the theme and keep each later choice."""
        if self._wanted_theme in self.available_themes:
            self.theme = self._wanted_theme
        if not self.is_headless:
            self._leave_when_told()
        self.theme_changed_signal.subscribe(self, lambda theme: self._keep_theme(theme.name))

    def _keep_theme(self, name: str) -> None:
        if self._theme_file is None:
            return
        try:
            self._theme_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(self._theme_file, f"{name}\n".encode())
        except OSError:
            self.log("the theme cannot be kept")

    # --- the palette: only what is of use here, in the person's language ---------------------------------

    @override
    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand(_("Theme"), _("ansi-dark and ansi-light are the terminal's own"), self.search_themes)
        yield SystemCommand(_("Leave"), _("Nothing is lost"), self.action_leave)

    @override
    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            _pushed = self.push_screen(CommandPalette(placeholder=_("What do you want to do?"), id="--command-palette"))

    @override
    def search_themes(self) -> None:
        _pushed = self.push_screen(CommandPalette(providers=[ThemeProvider], placeholder=_("Which colours?")))

    # --- keys that are typed ahead --------------------------------------------------------------------

    @override
    async def on_event(self, event: events.Event) -> None:
        """Hand keys on in order: those behind one that may lead to another page wait until that is there."""
        if isinstance(event, events.Paste) and not event.is_forwarded and self._held is not None:
            self._held.append(event)
            return
        if isinstance(event, events.Key) and not event.is_forwarded and event.key not in _ALWAYS:
            if self._held is not None:
                self._held.append(event)
                return
            if self.leads(event.key):
                await self._lead(event)
                return
        await super().on_event(event)

    async def _lead(self, event: events.Key) -> None:
        self._hold()
        await super().on_event(event)
        self._follow(self.focused or self.screen, rounds=2)

    def leads(self, key: str) -> bool:
        """Whether ``key`` may lead to another page, so that what is typed behind it has to wait."""
        return key in _LEADING

    def _hold(self) -> None:
        if self._held is None:
            self._held = []
        self._hold_number += 1
        number = self._hold_number
        self.set_timer(_LONGEST_HOLD, lambda: self._release() if number == self._hold_number else None)

    def _follow(self, node: DOMNode, rounds: int) -> None:
        """Go the way of the key, from its widget up to here, behind it and behind the message it may have caused.

        The first round may overtake that message at each step, the second cannot.
        """
        begin = node

        def step(at: MessagePump, left: int) -> None:
            parent = at._parent  # noqa: SLF001  # the way that messages bubble
            if parent is not None and at is not self:
                parent.call_later(step, parent, left)
            elif left > 1:
                begin.call_later(step, begin, left - 1)
            elif not self._changing:
                self._release()

        node.call_later(step, node, rounds)

    def _release(self) -> None:
        """Let what was typed meanwhile go to what has the focus then.

        What was typed since and has not been looked at yet is still held, behind it: the order stays.
        """
        self._changing = False
        self.call_later(self._hand_over, self._hold_number)

    async def _hand_over(self, number: int) -> None:
        """Hand on what is held, as far as a key that may lead to yet another page; something has to have the focus."""
        if self.screen.focused is None:
            self.screen.focus_next()
        if number != self._hold_number or self._held is None:
            return
        held = self._held
        while held:
            event = held.pop(0)
            if isinstance(event, events.Key) and self.leads(event.key):
                await self._lead(event)
                return
            await super().on_event(event)
        self._held = None
        self._hold_number += 1

    def screen_is_there(self) -> None:
        """The screen that was opened, or come back to, is there: once it is drawn, it gets what was typed for it."""
        self.call_after_refresh(lambda: self._release() if self._changing else None)

    # --- screens: each is there soon after, and nobody waits for it --------------------------------------

    def open_screen(self, screen: Screen[Value], answered: Callable[[Value | None], None] | None = None) -> None:
        """Show ``screen`` in front of the present one."""
        self._changing = True
        _ = self.push_screen(screen, answered)

    def replace_screen(self, screen: Screen[Value]) -> None:
        """Show ``screen`` instead of the present one."""
        self._changing = True
        _ = self.switch_screen(screen)

    def close_screen(self) -> None:
        """Go back to the screen behind the present one."""
        self._changing = True
        _ = self.pop_screen()

    def screen_goes(self) -> None:
        """The present screen is about to go by itself: what is typed now is for the one behind it."""
        self._changing = True

    def _leave_when_told(self) -> None:
        """Keep what is not to be lost when the terminal is closed or the program told to end, and then do end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self._end_by, number)

    def _end_by(self, number: signal.Signals) -> None:
        self.keep_what_is_not_to_be_lost()
        self.exit(return_code=128 + number)
        if number == signal.SIGHUP:  # there is no terminal any more to be left in order
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def keep_what_is_not_to_be_lost(self) -> None:
        """Subclasses keep what they have; it has to be quick."""

    # --- leaving and working --------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Leave; subclasses keep first what is not to be lost."""
        self.exit()

    def run_aside(
        self,
        work: Callable[[], Value],
        done: Callable[[Value], None],
        failed: Callable[[EdgecertError], None],
        *,
        name: str,
    ) -> None:
        """Do ``work`` in a thread of its own and give its value, or its error, back in the application's.

        The thread does not keep the program: whoever leaves meanwhile leaves, as by a kill, which all work survives.
        """

        def run() -> None:
            try:
                value = work()
            except EdgecertError as error:
                self.tell(failed, error)
            except OSError as error:
                self.tell(
                    failed, EdgecertError(": ".join(filter(None, (error.filename, error.strerror))) or str(error))
                )
            else:
                self.tell(done, value)

        threading.Thread(target=run, name=name, daemon=True).start()

    def tell(self, what: Callable[[Value], None], value: Value) -> None:
        """Call ``what`` in the application's thread, from another; nothing happens once that is gone."""
        if self.is_running:
            loop = self._loop
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(self.call_later, what, value)


def _told(error: OSError) -> str:
    return ": ".join(part for part in (error.filename, error.strerror) if part) or str(error)
