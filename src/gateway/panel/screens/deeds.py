"""What the keys of the pages do with the row one is at: ask what is still to be asked, say what it means, do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from edgecert.shared.control import CLOSE_OLD_STREAMS
from edgecert.shared.dates import both_ways, parse_when
from edgecert.shared.errors import UsageError
from edgecert.shared.tui.dialogs import AskDialog, PromptDialog
from edgecert.shared.words import _
from gateway.model.answers import show
from gateway.panel.partnerform import PartnerForm
from gateway.panel.session import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from edgecert.shared.control import CloseOldStreams
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.panel.app import PanelApp
    from gateway.panel.views import Row

_CLOSING: Final[Mapping[CloseOldStreams, str]] = {
    "keep": _("Keep open streams"),
    "drain": _("Replace them"),
    "now": _("End them now"),
}


# --- partners


def new_partner(panel: PanelApp, _row: Row | None) -> None:
    """Make a partner."""
    _open_form(panel, None)


def edit_partner(panel: PanelApp, row: Row | None) -> None:
    """Change a partner."""
    if row is not None:
        _open_form(panel, panel.session.partner(row.key))


def _open_form(panel: PanelApp, before: JsonObject | None) -> None:
    from gateway.panel.screens.partner import PartnerScreen  # noqa: PLC0415  # a page at a time

    panel.open_screen(PartnerScreen(PartnerForm(before, panel.session.homes)))


def remove_partner(panel: PanelApp, row: Row | None) -> None:
    """Take a partner away, after a question."""
    if row is None:
        return

    def answered(answer: str | None) -> None:
        if answer == "yes":
            panel.change(
                lambda: panel.desk.remove_partner(row.key),
                lambda _answer: _("{domain} is no partner any more.").format(domain=row.key),
            )

    text = _("Remove the partner {domain}? Its streams are closed, and what waits for it is sent back.")
    answers = [("no", _("Keep it")), ("yes", _("Remove"))]
    panel.open_screen(AskDialog(_("Remove"), text.format(domain=row.key), answers), answered)


def test_partner(panel: PanelApp, row: Row | None) -> None:
    """Try the way to a domain."""
    from gateway.panel.screens.walk import WalkScreen  # noqa: PLC0415  # a page at a time

    def answered(domain: str | None) -> None:
        if domain:
            panel.open_screen(WalkScreen(domain))

    domain = _domain_of(panel, row)
    question = _("Which domain? It need not be a partner yet.")
    panel.open_screen(PromptDialog(_("Test"), question, domain, yes=_("Test")), answered)


def _domain_of(panel: PanelApp, row: Row | None) -> str:
    """Give the domain that a row is about."""
    if row is None:
        return ""
    if panel.session.partner(row.key) is not None:
        return row.key
    column = {Page.STREAMS: 1, Page.FAILURES: 2}.get(panel.page)
    return "" if column is None else row.cells[column].partition(" ")[0]


# --- contacts


def add_contact(panel: PanelApp, row: Row | None) -> None:
    """Pin a contact; who has knocked is there already."""
    from gateway.panel.screens.contact import ContactDialog  # noqa: PLC0415  # a page at a time

    def answered(pair: tuple[str, str] | None) -> None:
        if pair is not None:
            home, partner = pair
            panel.change(
                lambda: panel.desk.add_contact(home, partner),
                lambda _answer: _("{partner} may reach {home} now.").format(partner=partner, home=home),
            )

    knock = row is not None and row.key.startswith("knock ")
    home, partner = (row.cells[0], row.cells[1]) if row is not None and knock else ("", "")
    panel.open_screen(ContactDialog(home, partner), answered)


def remove_contact(panel: PanelApp, row: Row | None) -> None:
    """Forget a contact, after a question."""
    if row is None or not row.key.startswith("contact "):
        panel.notify(_("Who knocked is no contact: there is nothing to remove."), severity="warning")
        return
    home, partner = row.cells[0], row.cells[1]

    def answered(answer: str | None) -> None:
        if answer == "yes":
            panel.change(
                lambda: panel.desk.remove_contact(home, partner),
                lambda _answer: _("{partner} is forgotten.").format(partner=partner),
            )

    text = _("Forget {partner} as a contact of {home}, whoever has listed it?").format(partner=partner, home=home)
    panel.open_screen(AskDialog(_("Remove"), text, [("no", _("Keep it")), ("yes", _("Remove"))]), answered)


# --- certificates


def swap(panel: PanelApp, row: Row | None) -> None:
    """Put a generation that the gateway holds into service."""
    if row is None:
        return
    name = row.key

    def numbered(number: int) -> None:
        _ask_closing(panel, _("Swap {name}").format(name=name), lambda close: _do_swap(panel, name, number, close))

    _ask_generation(panel, name, _("Swap"), numbered)


def roll_back(panel: PanelApp, row: Row | None) -> None:
    """Put the generation before the present one into service."""
    if row is not None:
        title = _("Roll back {name}").format(name=row.key)
        _ask_closing(panel, title, lambda close: _do_swap(panel, row.key, None, close))


def _do_swap(panel: PanelApp, name: str, number: int | None, close: CloseOldStreams) -> None:
    def said(answer: JsonObject) -> str:
        text = _("{name}: generation {number} is in service after {elapsed} ms.")
        return text.format(name=name, number=show(answer.get("generation")), elapsed=show(answer.get("elapsed_ms")))

    panel.change(lambda: panel.desk.swap(name, number, close), said)


def stage(panel: PanelApp, row: Row | None) -> None:
    """Put a generation that the gateway holds into service at a date."""
    if row is None:
        return
    name = row.key

    def numbered(number: int) -> None:
        question = _("When? 2026-12-01T03:00:00Z or, in local time, 2026-12-01 03:00")
        panel.open_screen(PromptDialog(_("Stage"), question, yes=_("Stage")), lambda text: dated(number, text))

    def dated(number: int, text: str | None) -> None:
        if not text:
            return
        try:
            when = parse_when(text)
        except UsageError as error:
            panel.failed(error)
            return
        _ask_closing(panel, _("Stage {name}").format(name=name), lambda close: do_it(number, when, close))

    def do_it(number: int, when: datetime, close: CloseOldStreams) -> None:
        text = _("{name}: generation {number} goes into service at {when}.")
        said = text.format(name=name, number=number, when=both_ways(when))
        panel.change(lambda: panel.desk.stage(name, number, when, close), lambda _answer: said)

    _ask_generation(panel, name, _("Stage"), numbered)


def cancel_staged(panel: PanelApp, row: Row | None) -> None:
    """Withdraw what waits for its date."""
    if row is None:
        return

    def said(answer: JsonObject) -> str:
        return _("Withdrawn.") if answer.get("cancelled") is True else _("Nothing was staged.")

    panel.change(lambda: panel.desk.cancel_staged(row.key), said)


def _ask_generation(panel: PanelApp, name: str, title: str, numbered: Callable[[int], None]) -> None:
    """Ask which of the generations that are held."""
    serving = panel.session.serving(name)
    others = [number for number in panel.session.held(name) if number != serving]
    if not others:
        text = _("The gateway holds no other generation of {name}: edgecert deploy brings one.").format(name=name)
        panel.notify(text, severity="warning", markup=False)
        return
    answers = [(str(number), str(number)) for number in reversed(others)]
    question = _("Which generation of {name}? {serving} is in service.").format(name=name, serving=serving)
    panel.open_screen(
        AskDialog(title, question, answers), lambda answer: numbered(int(answer)) if answer is not None else None
    )


def _ask_closing(panel: PanelApp, title: str, chosen: Callable[[CloseOldStreams], None]) -> None:
    """Ask what becomes of the streams that are open."""
    text = _(
        "What becomes of open streams? They may live on under the certificate they began with; be replaced without a "
        "loss; or end at once, for a key that others have got hold of."
    )
    answers: list[tuple[str, str]] = [(word, _CLOSING[word]) for word in CLOSE_OLD_STREAMS]

    def answered(answer: str | None) -> None:
        if answer is not None:
            chosen(cast("CloseOldStreams", answer))

    panel.open_screen(AskDialog(title, text, answers), answered)


DEEDS: Final[Mapping[tuple[Page, str], Callable[[PanelApp, Row | None], None]]] = {
    (Page.PARTNERS, "new"): new_partner,
    (Page.PARTNERS, "edit"): edit_partner,
    (Page.PARTNERS, "remove"): remove_partner,
    (Page.PARTNERS, "test"): test_partner,
    (Page.STREAMS, "test"): test_partner,
    (Page.FAILURES, "test"): test_partner,
    (Page.CONTACTS, "add"): add_contact,
    (Page.CONTACTS, "remove"): remove_contact,
    (Page.CERTIFICATES, "swap"): swap,
    (Page.CERTIFICATES, "rollback"): roll_back,
    (Page.CERTIFICATES, "stage"): stage,
    (Page.CERTIFICATES, "cancel"): cancel_staged,
}
"""By page and by the word of the key's binding."""
