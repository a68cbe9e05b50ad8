"""A contact to pin: who, and whom this one may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.tui.dialogs import Dialog, buttons, field_row
from edgecert.shared.tui.fields import Entered, OrderedInput, Press
from edgecert.shared.words import _

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ContactDialog(Dialog[tuple[str, str]]):
    """Gives the home user and the partner's user; nothing when it is closed."""

    DEFAULT_CSS = """
    ContactDialog .label { width: 18; text-align: right; padding-right: 1; }
    """

    def __init__(self, home: str, partner: str) -> None:
        """Begin with what is known."""
        super().__init__()
        self._known = (home, partner)

    @override
    def compose(self) -> ComposeResult:
        home, partner = self._known
        yield self.window(
            _("Add a contact"),
            Static(Content(_("The partner's user may reach the home user until the contact is removed."))),
            field_row(_("Home user"), OrderedInput(home, placeholder="bob@contoso.com", id="home")),
            field_row(_("Partner's user"), OrderedInput(partner, placeholder="alice@fabrikam.com", id="partner")),
            Static("", id="problem", classes="problem"),
            buttons(Press(_("Add"), id="yes"), Press(_("Cancel"), id="no")),
        )

    @override
    def on_mount(self) -> None:
        self.query_one("#home" if not self._known[0] else "#yes").focus()

    def on_entered(self, event: Entered) -> None:
        """Enter goes on to the other field, and from there adds."""
        event.stop()
        home, partner = self._typed()
        if home and not partner:
            self.query_one("#partner").focus()
        else:
            self._add()

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Add it, or not."""
        event.stop()
        if event.press.id == "yes":
            self._add()
        else:
            self.action_close()

    def _typed(self) -> tuple[str, str]:
        fields = (self.query_one(f"#{name}", OrderedInput).value.strip() for name in ("home", "partner"))
        home, partner = fields
        return home, partner

    def _add(self) -> None:
        home, partner = self._typed()
        if "@" not in home or "@" not in partner:
            self.query_one("#problem", Static).update(Content(_("Both are users, as bob@contoso.com.")))
            return
        _dismissed = self.dismiss((home, partner))
