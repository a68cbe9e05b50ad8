"""What every page has: the line that says where one is, the help of the field with the focus, the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static
from typing_extensions import override

from edgecert.shared.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import DescendantFocus
    from textual.widget import Widget

    from edgecert.shared.tui.fields import Entered
    from edgecert.wizard.app import WizardApp

_ROOMY: Final = 28
_LEAST: Final = (72, 20)


class WizardScreen(Screen[None]):
    """A page: heading, crumbs, body, hint, keys. Enter goes on, Escape goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", _("Help")),
        Binding("escape", "back", _("Back")),
        Binding("enter", "next", _("Next"), show=False),
    ]
    DEFAULT_CSS = """
    WizardScreen { layout: vertical; }
    WizardScreen #heading { height: 1; background: $primary; color: $text; text-style: bold; padding: 0 1; }
    WizardScreen #crumbs { height: 1; color: $text-muted; padding: 0 1; }
    WizardScreen #body { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    WizardScreen #hint { height: auto; min-height: 2; max-height: 4; padding: 0 1; background: $surface; }
    WizardScreen .intro { height: auto; margin-bottom: 1; }
    WizardScreen .section { height: 1; margin-top: 1; text-style: bold; color: $text-accent; }
    WizardScreen .row { height: auto; }
    WizardScreen .label { width: 24; text-align: right; padding-right: 1; }
    WizardScreen .edge { width: 1; color: $text-muted; }
    WizardScreen .row.-here .label { text-style: bold; color: $text-accent; }
    WizardScreen .row.-here .edge { color: $text-accent; text-style: bold; }
    WizardScreen.-roomy #crumbs { height: 2; }
    WizardScreen.-small #hint { min-height: 1; max-height: 2; }
    WizardScreen.-small #crumbs { text-style: bold; }
    WizardScreen OrderedInput { width: 1fr; }
    WizardScreen .problem { color: $text-error; height: auto; padding-left: 25; display: none; }
    WizardScreen .problem.-shown { display: block; }
    WizardScreen .buttons { height: 1; margin-top: 1; }
    WizardScreen .pane { height: 1fr; }
    """

    @property
    def wizard(self) -> WizardApp:
        """The application."""
        return cast("WizardApp", self.app)

    def heading(self) -> str:
        """Give what the page is about."""
        raise NotImplementedError

    def crumbs(self) -> str:
        """Give how far one is."""
        return ""

    def body(self) -> Iterable[Widget]:
        """Give what the page shows."""
        raise NotImplementedError

    @override
    def compose(self) -> ComposeResult:
        yield Static(Content(f"edgecert  {self.heading()}"), id="heading")
        yield Static(Content(self.crumbs()), id="crumbs")
        with VerticalScroll(id="body", can_focus=False):
            yield from self.body()
        yield Static("", id="hint")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Let go what was typed ahead."""
        self.wizard.screen_is_there()

    def on_resize(self) -> None:
        """Leave a line free where there is room; say so where there is too little."""
        self.set_class(self.size.height >= _ROOMY, "-roomy")
        small = self.size.width < _LEAST[0] or self.size.height < _LEAST[1]
        text = self.crumbs()
        if small:
            text = _("{width}×{height} is too small: from {columns}×{lines} on, pages are whole").format(
                width=self.size.width, height=self.size.height, columns=80, lines=24
            )
            text = f"{self.wizard.marks.warning} {text}"
        self.set_class(small, "-small")
        self.query_one("#crumbs", Static).update(Content(text))

    def on_screen_resume(self) -> None:
        """The same when a page above has gone."""
        self.wizard.screen_is_there()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Mark the row that has the focus."""
        for row in self.query(".row").results(Horizontal):
            row.set_class(row is event.widget.parent, "-here")

    def on_entered(self, event: Entered) -> None:
        """Enter in a field goes on. Textual calls this handler of each class: others override :meth:`entered`."""
        event.stop()
        self.entered()

    def entered(self) -> None:
        """Go on."""
        self.action_next()

    def action_next(self) -> None:
        """Go on."""

    def action_back(self) -> None:
        """Go back."""
        self.wizard.close_screen()

    def action_help(self) -> None:
        """Show what the page and the field are for."""
        from edgecert.shared.tui.dialogs import TextDialog  # noqa: PLC0415  # only where it is wanted

        self.wizard.open_screen(TextDialog(_("Help"), self.help_text()))

    def help_text(self) -> str:
        """Give the help of the page."""
        return "\n".join(
            (
                *(self.field_help() or [self.heading()]),
                "",
                _("Enter   go on            Esc     back"),
                _("Tab     next field       Space   tick, choose"),
                _("Ctrl+Z  undo             Ctrl+P  everything there is to do, themes"),
                _("F3      advanced         Ctrl+C  leave; what was answered is kept"),
            )
        )

    def field_help(self) -> list[str]:
        """Give the help of the field that has the focus."""
        return []

    def say(self, text: str) -> None:
        """Show ``text`` below the body."""
        self.query_one("#hint", Static).update(Content(text))
