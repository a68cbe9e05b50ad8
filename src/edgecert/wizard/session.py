"""The wizard without its looks: pages, answers, Back, edits, undo. It knows no terminal and touches nothing.

Two faces ask from it: the Textual application and ``--plain``. Whatever is answered in whatever order, what
:meth:`WizardSession.request` gives is what parsing :meth:`WizardSession.flags_file` gives.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from edgecert.model.challenge import choose_challenge
from edgecert.model.flagnames import parse_environment
from edgecert.model.request import BIT_LENGTHS
from edgecert.model.sanplan import plan_sans
from edgecert.model.topology import Position, wanted_names
from edgecert.shared.binding import KeyFault
from edgecert.shared.errors import ConfigProblem
from edgecert.shared.names import NameProblem, normalise_domain, parse_name
from edgecert.shared.schema import plain
from edgecert.shared.tomltext import to_toml, to_toml_value
from edgecert.shared.words import _
from edgecert.wizard.answers import (
    SIP,
    XMPP,
    Answers,
    DomainRow,
    answers_from_json,
    answers_from_request,
    changed_between,
)
from edgecert.wizard.command import command_line
from edgecert.wizard.fields import PAGES, Page, all_fields, asked_on, find_field, page_of, row_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from edgecert.model.request import CertificateRequest, Topology
    from edgecert.model.sanplan import SanPlan
    from edgecert.model.topology import WantedName
    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from edgecert.wizard.answers import Rejected
    from edgecert.wizard.fields import Field

DRAFT_VERSION: Final = 1
_KEEP_UNDO: Final = 200


class WizardSession:
    """One request in the making. Relative paths count from ``base``; ``known`` are the certificates there are."""

    def __init__(
        self, base: Path, *, start: CertificateRequest | None = None, known: frozenset[str] = frozenset()
    ) -> None:
        """Begin on the first page, with what ``start`` says already (a host file, a certificate to be changed)."""
        empty = Answers(base, known=known)
        self._answers = answers_from_request(empty, start) if start is not None else empty
        self._page = Page.KIND
        self._undo: list[Answers] = []
        self._redo: list[Answers] = []
        self._edited = ""
        self.turned: tuple[str, ...] = ()
        """What the last undo or redo changed, as the pages call it: it may be on another page."""
        self._assignment: Mapping[str, int] = {}

    # --- pages ---------------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._page

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages that ask something, given the answers so far: the local CA needs no page of its own."""
        local = self.value("issuer.kind") == "local"
        return tuple(page for page in PAGES if not (local and page is Page.ISSUER))

    def next(self) -> tuple[ConfigProblem, ...]:
        """Go on to the next page; give what is wrong on this one instead, if something is."""
        problems = self.problems(self._page)
        if not problems and self._page is not Page.SUMMARY:
            self.go(self.pages[self.pages.index(self._page) + 1])
        return problems

    def back(self) -> bool:
        """Go back a page, whatever is wrong on this one; False on the first."""
        at = self.pages.index(self._page)
        if at == 0:
            return False
        self.go(self.pages[at - 1])
        return True

    def go(self, page: Page) -> None:
        """Go to ``page``; what is not asked now leads to the page before it."""
        self._edited = ""
        self._page = page if page in self.pages else self.pages[max(0, PAGES.index(page) - 1)]

    def fields(self, page: Page) -> tuple[Field, ...]:
        """Give the keys that ``page`` asks for, without domains and lists of tables: they have forms of their own."""
        internal = self.value("certificate.role") == "internal-edge"
        return tuple(find_field(path) for path in asked_on(page, str(self.value("issuer.kind")), internal=internal))

    def advanced(self) -> tuple[Field, ...]:
        """Give every other key of the flags file, so that each can be reached."""
        asked = {entry.path for page in Page for entry in self.fields(page)} | {
            SIP,
            XMPP,
            "deploy",
            "issuer.challenges",
        }
        return tuple(entry for entry in all_fields() if entry.path not in asked)

    def choices(self, path: str) -> tuple[str, ...]:
        """Give the values that the key at ``path`` can have, as text; nothing where it is not limited to some."""
        if path == "certificate.bit_length":
            return tuple(str(bits) for bits in BIT_LENGTHS[str(self.value("certificate.key_algorithm"))])
        return tuple(str(choice) for choice in find_field(path).key.choices)

    # --- answers -------------------------------------------------------------------------------------

    @property
    def answers(self) -> Answers:
        """Everything said so far."""
        return self._answers

    def value(self, path: str) -> JsonValue:
        """Give the value of the key at ``path`` as it would be in the flags file."""
        return self._answers.value(path)

    def text(self, path: str) -> str:
        """Give the value as a person would type it: what was rejected stays as it was typed."""
        rejected: Rejected | None = self._answers.rejected.get(path)
        if rejected is not None:
            return rejected.text
        if path == "certificate.bit_length" and not self.value(path):
            return self.choices(path)[0]
        return text_of(self.value(path))

    def answer(self, path: str, value: JsonValue) -> str:
        """Take ``value`` for the key at ``path``; give why not, or nothing. What is not taken is kept as typed."""
        try:
            changed = self._answers.with_value(path, value)
        except KeyFault as fault:
            self._change(self._answers.with_rejected(path, text_of(value), str(fault)), path)
            return str(fault)
        if path == "certificate.key_algorithm" and str(changed.value("certificate.bit_length")) not in map(
            str, BIT_LENGTHS[str(value)]
        ):
            changed = changed.with_value("certificate.bit_length", 0)
        self._change(changed, path)
        return ""

    def answer_text(self, path: str, text: str) -> str:
        """Take what a person typed for the key at ``path``, nothing for its default; give why not, or nothing."""
        key = find_field(path).key
        words = text.strip()
        return self.answer(path, parse_environment(key.kind, words) if words else plain(key.default))

    def message(self, path: str) -> str:
        """Say what is wrong with the key at ``path`` alone, or nothing."""
        rejected = self._answers.rejected.get(path)
        return rejected.message if rejected else ""

    # --- domains -------------------------------------------------------------------------------------

    @property
    def domains(self) -> tuple[DomainRow, ...]:
        """The domains with their ticks."""
        return self._answers.domains

    def add_domain(self, text: str) -> str:
        """Add a domain, ticked for both; give why not, or nothing."""
        try:
            domain = normalise_domain(text.strip())
        except NameProblem as problem:
            return problem.message
        if domain not in {row.domain for row in self.domains}:
            self._change(replace(self._answers, domains=(*self.domains, DomainRow(domain))))
        return ""

    def change_domain(self, index: int, text: str) -> str:
        """Give the domain at ``index`` another name; give why not, or nothing."""
        try:
            domain = normalise_domain(text.strip())
        except NameProblem as problem:
            return problem.message
        self._set_row(index, replace(self.domains[index], domain=domain))
        return ""

    def remove_domain(self, index: int) -> None:
        """Take the domain at ``index`` out of the list."""
        rows = tuple(row for at, row in enumerate(self.domains) if at != index)
        self._change(replace(self._answers, domains=rows))

    def tick(self, index: int, *, sip: bool | None = None, xmpp: bool | None = None) -> None:
        """Say whether the domain at ``index`` federates by SIP, by XMPP."""
        row = self.domains[index]
        self._set_row(index, replace(row, sip=row.sip if sip is None else sip, xmpp=row.xmpp if xmpp is None else xmpp))

    def _set_row(self, index: int, row: DomainRow) -> None:
        rows = (*self.domains[:index], row, *self.domains[index + 1 :])
        first = {entry.domain: entry for entry in reversed(rows)}  # a domain is there once
        self._change(replace(self._answers, domains=tuple(entry for entry in rows if first[entry.domain] is entry)))

    def take_topology(self, found: Topology) -> None:
        """Add what was discovered to what was said; nothing said is lost, and all of it is one step to undo."""
        answers = self._answers
        for path, value in (
            ("topology.access_edge", found.access_edge),
            ("topology.web_conferencing", found.web_conferencing),
        ):
            if value and not answers.value(path):
                answers = answers.with_value(path, value)
        rows = list(answers.domains)
        for domain in dict.fromkeys((*found.sip_domains, *found.xmpp_domains)):
            if domain not in {row.domain for row in rows}:
                rows.append(DomainRow(domain, domain in found.sip_domains, domain in found.xmpp_domains))
        self._change(replace(answers, domains=tuple(rows)))

    def drop_name(self, text: str) -> bool:
        """Take away what asks for the name ``text``: untick the domain, empty the field; False if nothing did."""
        request = self._answers.bound()[0]
        answers = self._answers
        for wanted in wanted_names(request.certificate.role, request.topology):
            if _canonical(wanted.text) == text:
                answers = _without(answers, wanted)
        changed = answers != self._answers
        self._change(answers)
        return changed

    def cost_of(self, text: str) -> str:
        """Say what the name ``text`` asks of its owner, given who signs."""
        if self.value("issuer.kind") != "acme":
            return _("needs no proof: this authority does not look")
        request = self._answers.bound()[0]
        try:
            index = choose_challenge(request.issuer.challenges, parse_name(text))
        except NameProblem as problem:
            return problem.message
        if index is None:
            return _("is proven by nothing yet: add how on the page before")
        kind = request.issuer.challenges[index].type
        if kind == "dns-01":
            return _("a TXT record below _acme-challenge proves it")
        if text.startswith("*."):
            return _("a wildcard cannot be proven by {kind}, only by dns-01").format(kind=kind)
        return _("has to lead to this host: the CA asks it there ({kind})").format(kind=kind)

    # --- lists of tables -----------------------------------------------------------------------------

    def rows(self, table: str) -> Sequence[Mapping[str, JsonValue]]:
        """Give the tables of a list: what each says beside the defaults."""
        return self._answers.rows(table)

    def row_fields(self, table: str, index: int) -> tuple[Field, ...]:
        """Give the fields of one of them that mean something for what it is."""
        return row_fields(table, index, self.rows(table)[index])

    def add_row(self, table: str, row: Mapping[str, JsonValue]) -> int:
        """Add a table to a list and give its index."""
        rows = self.rows(table)
        answers = self._answers.with_rows(table, [*rows, {}])
        for name, value in row.items():
            answers = answers.with_value(f"{table}[{len(rows)}].{name}", value)
        self._change(answers)
        return len(rows)

    def remove_row(self, table: str, index: int) -> None:
        """Take a table out of a list."""
        self._change(self._answers.with_rows(table, [row for at, row in enumerate(self.rows(table)) if at != index]))

    # --- undo ----------------------------------------------------------------------------------------

    def _change(self, answers: Answers, path: str = "") -> None:
        """Keep ``answers``; letters typed one after the other into one field are one step to undo."""
        if answers == self._answers:
            return
        if not path or path != self._edited:
            self._undo = [*self._undo[-_KEEP_UNDO:], self._answers]
        self._edited = path
        self._redo = []
        self._answers = answers

    def undo(self) -> bool:
        """Take back the last change; False when there is none."""
        if not self._undo:
            return False
        self._redo.append(self._answers)
        self._answers = self._undo.pop()
        self._settle(self._redo[-1])
        return True

    def redo(self) -> bool:
        """Do again what was taken back; False when there is nothing."""
        if not self._redo:
            return False
        self._undo.append(self._answers)
        self._answers = self._redo.pop()
        self._settle(self._undo[-1])
        return True

    def _settle(self, before: Answers) -> None:
        self.turned = changed_between(before, self._answers)
        self.go(self._page)

    # --- what follows --------------------------------------------------------------------------------

    def keep_assignment(self, assignment: Mapping[str, int]) -> None:
        """Plan a split as an earlier run of the same certificate did."""
        self._assignment = assignment

    def plan(self) -> SanPlan:
        """Give the names that follow from the answers, as far as those go."""
        return plan_sans(self._answers.bound()[0], assignment=self._assignment)

    def problems(self, page: Page | None = None) -> tuple[ConfigProblem, ...]:
        """Give what keeps the request from being made; with ``page`` what has to be mended there."""
        request, problems = self._answers.bound()
        plan = plan_sans(request, assignment=self._assignment)
        names = [ConfigProblem("wizard", 0, "topology", finding.message, "") for finding in plan.errors]
        found = (*problems, *names)
        if page is None or page is Page.SUMMARY:
            return found
        return tuple(problem for problem in found if page_of(problem.key) is page)

    def request(self) -> CertificateRequest:
        """Give the frozen request.

        Raises:
            ConfigError: something is wrong or missing; all of it is in the error.
        """
        return self._answers.request()

    def flags_file(self) -> str:
        """Give the flags file that says the same."""
        return to_toml(self._answers.document())

    def command(self) -> str:
        """Give the command line that does the same without a file."""
        return command_line(self._answers.document(), csr=self.value("issuer.kind") == "csr")

    # --- drafts --------------------------------------------------------------------------------------

    def to_json(self) -> JsonObject:
        """Give the draft."""
        return {"version": DRAFT_VERSION, "page": self._page.value, **self._answers.to_json()}

    def restore(self, draft: JsonObject) -> bool:
        """Go on where :meth:`to_json` stopped; False for a draft of another version."""
        if draft.get("version") != DRAFT_VERSION:
            return False
        empty = Answers(self._answers.base, known=self._answers.known)
        self._answers = answers_from_json(empty, draft)
        self.go(Page(str(draft.get("page", Page.KIND.value))))
        return True


def _canonical(text: str) -> str:
    try:
        return parse_name(text).text
    except NameProblem:
        return text


def _without(answers: Answers, wanted: WantedName) -> Answers:
    path = f"topology.{wanted.position.value}"
    match wanted.position:
        case Position.SIP_DOMAIN | Position.XMPP_DOMAIN | Position.ADDITIONAL:
            held = cast("Sequence[str]", answers.value(path))
            return answers.with_value(path, [entry for entry in held if entry != wanted.given])
        case _:
            return answers.with_value(path, "")


def text_of(value: JsonValue) -> str:
    """Give a value as a person would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        items = cast("Sequence[JsonValue]", value)
        plain_words = all(isinstance(item, str) and item and not set(item) & set(" \t\n,\"'\\") for item in items)
        if plain_words and not (items and str(items[0]).startswith("[")):
            return ", ".join(str(item) for item in items)
        return to_toml_value(value)
    return "" if value is None else str(value)
