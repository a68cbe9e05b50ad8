"""The way to a domain, step by step as it is walked, to the first thing that is wrong and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static
from typing_extensions import override

from edgecert.shared.words import _
from gateway.model.answers import objects, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from edgecert.shared.errors import EdgecertError
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.panel.app import PanelApp
    from gateway.panel.views import State

_OUTCOMES: Final[Mapping[str, State]] = {"ok": "good", "warning": "warning", "failed": "bad", "skipped": "idle"}


class WalkScreen(Screen[None]):
    """One walk; r walks again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", _("Again")),
        Binding("escape,q", "back", _("Back")),
    ]
    DEFAULT_CSS = """
    WalkScreen { layout: vertical; }
    WalkScreen #heading { height: 1; background: $primary; color: $text; text-style: bold; padding: 0 1; }
    WalkScreen #body { height: 1fr; padding: 1 1 0 1; }
    WalkScreen #steps { height: auto; }
    """

    def __init__(self, domain: str) -> None:
        """Walk to ``domain``."""
        super().__init__()
        self._domain = domain
        self._steps: list[JsonObject] = []
        self._ending = ""
        self._walk = 0

    @property
    def panel(self) -> PanelApp:
        """The application."""
        return cast("PanelApp", self.app)

    @override
    def compose(self) -> ComposeResult:
        yield Static(Content(_("Test of {domain}").format(domain=self._domain)), id="heading")
        with VerticalScroll(id="body"):
            yield Static("", id="steps")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to walk."""
        self.query_one("#body").focus()
        self.panel.screen_is_there()
        self.action_again()

    def on_screen_resume(self) -> None:
        """A window above has gone."""
        self.panel.screen_is_there()

    def action_back(self) -> None:
        """Go back; the gateway ends the walk by itself."""
        self._walk += 1
        self.panel.close_screen()

    def action_again(self) -> None:
        """Walk anew."""
        self._walk += 1
        self._steps, self._ending = [], ""
        self._show()
        walk, desk = self._walk, self.panel.desk

        def begin() -> JsonObject:
            return desk.start_test(self._domain)

        self.panel.run_aside(
            begin, lambda begun: self._begun(walk, begun), lambda error: self._end(walk, error), name="test"
        )

    def _begun(self, walk: int, begun: JsonObject) -> None:
        if walk != self._walk:
            return
        self._ending = (
            ""
            if begun.get("is_partner") is True
            else _("{domain} is no partner (yet).").format(domain=show(begun.get("domain")))
        )
        self._ask(walk, str(begun.get("id")))

    def _ask(self, walk: int, identity: str) -> None:
        desk, after = self.panel.desk, len(self._steps)
        self.panel.run_aside(
            lambda: desk.test_steps(identity, after),
            lambda answer: self._took(walk, identity, answer),
            lambda error: self._end(walk, error),
            name="test",
        )

    def _took(self, walk: int, identity: str, answer: JsonObject) -> None:
        if walk != self._walk:
            return
        self._steps += objects(answer.get("steps"))
        if answer.get("finished") is True:
            reached = _("The domain can be reached.") if answer.get("reached") is True else _("It was not reached.")
            self._ending = "\n".join(part for part in (self._ending, reached) if part)
        self._show()
        if answer.get("finished") is not True:
            self._ask(walk, identity)

    def _end(self, walk: int, error: EdgecertError) -> None:
        if walk == self._walk:
            self._ending = "\n".join(f"{part}" for part in (error.message, error.hint) if part)
            self._show()

    def _show(self) -> None:
        if not self.is_attached:
            return
        lines: list[str] = []
        for step in self._steps:
            time = step.get("elapsed_ms")
            spent = f"{time:>8.1f} ms" if isinstance(time, int | float) else " " * 11
            code = f" [{step['code']}]" if step.get("code") else ""
            sign = self.panel.mark(_OUTCOMES.get(str(step.get("outcome")), "idle"))
            lines.append(f"{sign} {step.get('step')!s:<15} {spent}  {show(step.get('text'))}{code}")
            if step.get("hint") and step.get("outcome") in ("failed", "warning"):
                lines.append(f"    {step['hint']}")
        if not self._ending:
            lines.append(f"{self.panel.marks.busy} {_('walking')}")
        self.query_one("#steps", Static).update(Content("\n".join([*lines, "", self._ending]).rstrip()))
