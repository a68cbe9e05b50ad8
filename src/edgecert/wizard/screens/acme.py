"""What the page of an ACME CA has beside its fields: the CAs known by name, the terms, the binding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.tui.dialogs import field_row
from edgecert.shared.tui.fields import Choice, OrderedInput
from edgecert.shared.words import _
from edgecert.wizard.authorities import AUTHORITIES, authority_of
from edgecert.wizard.fields import find_field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from edgecert.shared.errors import EdgecertError
    from edgecert.wizard.screens.form import FormScreen
    from edgecert.wizard.session import WizardSession

_OTHER = "other"
_BINDING = ("issuer.eab_kid", "issuer.eab_hmac_key_file")


class AuthorityChoice(Choice):
    """The CAs that are known, and any other."""

    @override
    def _take(self, index: int) -> None:
        super()._take(index)
        entry = next((entry for entry in AUTHORITIES if entry.name == self.value), None)
        for field in self.screen.query(OrderedInput):
            if getattr(field, "path", "") == "issuer.directory":
                field.value = entry.directory if entry is not None else ""


def acme_widgets(screen: FormScreen) -> Iterable[Widget]:
    """Give the fields of an ACME CA."""
    session, marks = screen.session, screen.wizard.marks
    known = authority_of(str(session.value("issuer.directory")))
    options = [(entry.name, entry.name) for entry in AUTHORITIES]
    options.append((_OTHER, _("another: type its directory")))
    yield field_row(_("Authority"), AuthorityChoice(options, known.name if known else _OTHER, marks=marks, id="known"))
    for entry in screen.fields():
        yield from screen.rows_for(entry)
    yield Static("", id="terms", classes="intro")
    if wants_binding(session):
        for path in _BINDING:
            yield from screen.rows_for(find_field(path))
    screen.call_after_refresh(show_authority, screen, ask=True)


def wants_binding(session: WizardSession) -> bool:
    """Whether the CA opens accounts only for its customers, as far as is known, or a binding is given already."""
    known = authority_of(str(session.value("issuer.directory")))
    return bool((known and known.binding) or any(session.value(path) for path in _BINDING))


def show_authority(screen: FormScreen, *, ask: bool) -> None:
    """Show what belongs to the directory that is typed: its name, the fields of a binding, and if asked for its terms.

    The CA is asked only when the field is left: not every letter is a directory.
    """
    session, wizard = screen.session, screen.wizard
    directory = str(session.value("issuer.directory"))
    known = authority_of(directory)
    for choice in screen.query("#known").results(AuthorityChoice):
        choice.choose(known.name if known else _OTHER)
    bound = bool(screen.query("#problem-issuer-eab-kid"))
    if bound is not wants_binding(session):
        screen.call_later(screen.rebuild)
        return
    if not directory or session.message("issuer.directory"):
        _say(screen, _("Its terms are shown here once a directory is chosen."))
        return
    if directory in wizard.terms:
        _say(screen, wizard.terms[directory])
        return
    if not ask:
        _say(screen, "")
        return
    _say(screen, f"{wizard.marks.busy} {_('asking the CA for its terms')}")
    request = session.answers.bound()[0]

    def show(found: tuple[str, bool]) -> None:
        terms, binding = found
        text = f"{_('Terms')}: {terms or _('none')}"
        wizard.terms[directory] = f"{text}\n{_('It wants an external account binding.')}" if binding else text
        if session.value("issuer.directory") == directory:
            _say(screen, wizard.terms[directory])

    def failed(error: EdgecertError) -> None:
        if session.value("issuer.directory") == directory:
            _say(screen, f"{wizard.marks.warning} {_('its terms cannot be had now')}: {error.message}")

    wizard.run_aside(lambda: wizard.work.terms(request), show, failed, name="terms")


def _say(screen: FormScreen, text: str) -> None:
    for line in screen.query("#terms").results(Static):
        line.update(Content(text))
