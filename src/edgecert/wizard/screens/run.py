"""Something being done: its steps as they come, what is awaited and for how long, and if it fails why and what then."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from textual import on
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.tui.dialogs import TextDialog, buttons
from edgecert.shared.tui.fields import Press
from edgecert.shared.words import _
from edgecert.wizard.screens.frame import WizardScreen
from edgecert.wizard.standings import Standings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import BindingType
    from textual.widget import Widget

    from edgecert.interfaces import Progress, Standing
    from edgecert.shared.errors import EdgecertError

Value = TypeVar("Value")
_FEW_STEPS: Final = 4
_TICK = 0.25


class Watcher:
    """A :class:`edgecert.interfaces.Progress` in the thread of the work that tells the page in the application's."""

    def __init__(
        self,
        tell: Callable[[str, str], None],
        awaited: Callable[[str, float], None],
        standing: Callable[[str, Standing, str], None],
    ) -> None:
        """Hand each step on to ``tell``, with its mark, what is awaited to ``awaited``, how each name stands too."""
        self._tell = tell
        self._awaited = awaited
        self._standing = standing

    def waits(self, what: str, left: float) -> None:
        """Something is awaited (:class:`edgecert.interfaces.WatchesWaits`)."""
        self._awaited(what, left)

    def stands(self, about: str, standing: Standing, text: str) -> None:
        """A name or a listener stands otherwise (:class:`edgecert.interfaces.WatchesStandings`)."""
        self._standing(about, standing, text)

    def step(self, text: str) -> None:
        """A step began or was done."""
        self._tell("", text)

    def warn(self, code: str, message: str, path: str = "") -> None:
        """Something deserves attention."""
        place = f"{path}: " if path and not message.startswith(path) else ""
        self._tell("!", f"{place}{message} [{code}]")


class RunScreen(WizardScreen, Generic[Value]):
    """Runs one piece of work and hands its value on; a failure stays here until the person has decided."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f8", "log", _("View log"))]
    DEFAULT_CSS = """
    RunScreen #progress { height: 1fr; min-height: 3; }
    RunScreen #standings, RunScreen #steps { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    RunScreen #standings.-shown { margin-top: 1; }
    RunScreen #why { height: auto; max-height: 50%; scrollbar-size-vertical: 1; }
    RunScreen #waiting { height: 1; text-style: italic; }
    RunScreen #failure { height: auto; }
    """

    def __init__(
        self,
        title: str,
        work: Callable[[Progress], Value],
        done: Callable[[Value], None],
        *,
        names: Iterable[str] = (),
    ) -> None:
        """Do ``work`` and give its value to ``done``; how each of ``names`` stands is shown from the beginning."""
        super().__init__()
        self._names = tuple(names)
        self._standings = Standings(self._names)
        self._title = title
        self._work = work
        self._done = done
        self._steps: list[str] = []
        self._began = 0.0
        self._step_began = 0.0
        self._awaited: tuple[str, float] | None = None
        self.running = False

    @override
    def heading(self) -> str:
        return self._title

    @override
    def crumbs(self) -> str:
        return _("Ctrl+C leaves at any time; what was begun is gone on with the next time.")

    @override
    def body(self) -> Iterable[Widget]:
        parts = (Static("", id="steps"), Static("", id="standings"), Static("", id="waiting"))
        yield VerticalScroll(*parts, id="progress", can_focus=False)
        yield VerticalScroll(Static("", id="failure"), id="why", can_focus=False)
        yield buttons(
            Press(_("Try again"), id="again"),
            Press(_("Back, to mend it"), id="mend"),
            Press(_("View log"), id="log"),
            Press(_("Explain"), id="explain"),
        )

    @override
    def on_mount(self) -> None:
        self.set_interval(_TICK, self._show_time)
        self.start()

    def start(self) -> None:
        """Begin, or begin again."""
        self.query_one("#failure", Static).update("")
        self.query_one(".buttons").display = False
        self._steps.clear()
        self._standings = Standings(self._names)
        self.running = True
        self._began = self._step_began = self.wizard.work.monotonic()
        wizard = self.wizard
        wizard.log_line(f"== {self._title}")
        watcher = Watcher(
            lambda mark, text: wizard.tell(self._step, (mark, text)),
            lambda what, left: wizard.tell(self._await, (what, left)),
            lambda about, standing, text: wizard.tell(self._stand, (about, standing, text)),
        )
        wizard.run_aside(lambda: self._work(watcher), self._end, self._fail, name="work")

    def _step(self, told: tuple[str, str]) -> None:
        mark, text = told
        sign = self.wizard.marks.warning if mark else self.wizard.marks.done
        now = self.wizard.work.monotonic()
        self._steps += [f"{sign} {now - self._began:6.1f} s  {line}" for line in text.splitlines()[:4]]
        self._step_began = now
        self._awaited = None
        self.wizard.log_line(self._steps[-1])
        if self.is_attached:
            self._show()

    def _stand(self, told: tuple[str, Standing, str]) -> None:
        about, standing, text = told
        self._standings.take(about, standing, text, self.wizard.work.monotonic())
        if standing in ("done", "failed", "warning"):
            self.wizard.log_line(f"   {about}: {text}")
        if self.is_attached:
            self._show()

    def _show(self) -> None:
        """Show steps and standings; at least a few steps, as many standings as then fit."""
        room = max(6, self.query_one("#progress").size.height - 2)
        lines = self._standings.lines(self.wizard.marks, self.wizard.work.monotonic(), max(3, room - _FEW_STEPS))
        standings = self.query_one("#standings", Static)
        standings.update(Content("\n".join(lines)))
        standings.set_class(bool(lines), "-shown")
        self.query_one("#steps", Static).update(Content("\n".join(self._steps[-max(_FEW_STEPS, room - len(lines)) :])))

    def _await(self, told: tuple[str, float]) -> None:
        what, left = told
        self._awaited = (what, self.wizard.work.monotonic() + left)
        self._show_time()

    def _show_time(self) -> None:
        if not self.running or not self.is_attached:
            return
        self._show()
        seconds = self.wizard.work.monotonic() - self._step_began
        what = self._steps[-1].split("  ", 1)[-1] if self._steps else self._title
        text = _("{seconds:.0f} s since: {what}").format(seconds=seconds, what=what)
        if self._awaited is not None:
            awaited, until = self._awaited
            text = _("waiting for {what}: {seconds:.0f} s, {left:.0f} s more at the most").format(
                what=awaited, seconds=seconds, left=max(0.0, until - self.wizard.work.monotonic())
            )
        self.query_one("#waiting", Static).update(Content(f"{self.wizard.marks.busy} {text}" if seconds >= 1 else ""))

    def _end(self, value: Value) -> None:
        self.running = False
        self.wizard.log_line(f"{self.wizard.marks.done} {_('done')}")
        if self.is_attached:
            self._done(value)

    def _fail(self, error: EdgecertError) -> None:
        self.running = False
        bad = self.wizard.marks.bad
        self.wizard.log_line(f"{bad} {error.message} [{error.code}]\n{error.hint}")
        if not self.is_attached:
            return
        self._error = error
        self._show()
        self.query_one("#waiting", Static).update("")
        text = f"{bad} {error.message}  [{error.code}]" + (f"\n\n{error.hint}" if error.hint else "")
        self.query_one("#failure", Static).update(Content(text))
        self.say(_("Nothing is lost: mended and tried again, it goes on with the same key, request and order."))
        self.query_one(".buttons").display = True
        self.query_one("#mend").focus()
        self.call_after_refresh(self._show)
        self.wizard.screen_is_there()

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Decide what then."""
        event.stop()
        match event.press.id:
            case "again":
                self.start()
            case "mend":
                self.action_back()
            case "log":
                self.action_log()
            case _:
                self._explain()

    def _explain(self) -> None:
        from edgecert.model import explanations  # noqa: PLC0415  # only where it is wanted

        found = explanations.find(self._error.code)
        text = f"{found.title}\n\n{found.text}\n\n{found.mend}" if found else _("There is no more to say of it.")
        self.wizard.open_screen(TextDialog(self._error.code, text))

    def action_log(self) -> None:
        """Show the log of this run of the wizard."""
        self.wizard.open_screen(TextDialog(_("Log"), self.wizard.log_text()))

    @override
    def action_back(self) -> None:
        if not self.running:
            self.wizard.close_screen()
