"""A partner in the making: what was answered, what the knobs allow, what would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ConfigError, EdgecertError
from edgecert.shared.schema import KeyKind, keys_of
from edgecert.shared.words import _
from gateway.errors import PartnerRefusedError
from gateway.model.answers import changes_between, objects, show
from gateway.policy.commit import prepare_table
from gateway.policy.methods import METHOD_NAMES, find_row, warn_partner
from gateway.policy.partner import Partner, prepare_partner
from gateway.policy.partnerfile import partner_from_json, partner_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from edgecert.shared.schema import Key
    from gateway.model.peer import Method
    from gateway.panel.views import State

LABELS: Final[Mapping[str, str]] = {
    "domain": _("Primary domain"),
    "description": _("Description"),
    "additional_domains": _("Additional domains"),
    "type": _("Partner type"),
    "tls": _("TLS"),
    "sasl": _("SASL"),
    "dialback": _("Dialback"),
    "keep_alive": _("Keep alive"),
    "connection_limit": _("Connection limit"),
    "proxy": _("Proxy"),
    "queue_persist": _("Keep on disk"),
}
"""The seed's words for a partner's keys; the order is that of the page."""

_DIGITS: Final = 18  # more is no number that a field takes, and Python reads no number of thousands

KEYS: Final[Mapping[str, Key]] = {key.name: key for key in keys_of(Partner)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the knobs lead to: the row of the table, its methods, and what an administrator is told."""

    state: State
    methods: str
    messages: tuple[str, ...] = ()


class PartnerForm:
    """The answers of the page, as texts and ticks; nothing is refused while it is typed."""

    def __init__(self, before: JsonObject | None, homes: Sequence[str]) -> None:
        """Begin with ``before``, or with the defaults of a new partner; ``homes`` are our own domains."""
        self.before = before
        self._homes = tuple(homes)
        self._answers: dict[str, JsonValue] = dict(before or partner_to_json(Partner()))
        self._dialback_was_answered = before is not None

    def text(self, key: str) -> str:
        """Give an answer as it stands in its field."""
        value = self._answers.get(key)
        if isinstance(value, list | tuple):
            return ", ".join(str(each) for each in value)
        return "" if value is None or (value == 0 and KEYS[key].kind is KeyKind.INTEGER) else str(value)

    def ticked(self, key: str) -> bool:
        """Give a yes or no."""
        return self._answers.get(key) is True

    def answer(self, key: str, value: str | bool) -> None:  # an answer is a text or a tick
        """Take an answer: lists by commas, numbers as text."""
        kind = KEYS[key].kind
        if kind is KeyKind.LIST:
            self._answers[key] = [word for word in str(value).replace(",", " ").split() if word]
        elif kind is KeyKind.INTEGER:
            text = str(value).strip()
            self._answers[key] = int(text) if text.isdecimal() and len(text) <= _DIGITS else text or 0
        elif isinstance(value, str):
            self._answers[key] = value.strip()
        else:
            self._answers[key] = value
        if key == "dialback":
            self._dialback_was_answered = True
        if key == "type" and not self._dialback_was_answered:
            self._answers["dialback"] = value != "federated"  # as `partner add --type federated` has it

    def to_json(self) -> JsonObject:
        """Give the partner as it would be committed.

        Raises:
            ConfigError: an answer is not what its field takes.
            PartnerRefusedError: a domain is none.
        """
        return partner_to_json(prepare_partner(partner_from_json(dict(self._answers))))

    def verdict(self) -> Verdict:
        """Give what TLS, SASL and dialback lead to as they are now."""
        knobs: JsonObject = {key: self._answers[key] for key in ("type", "tls", "sasl", "dialback")}
        partner = partner_from_json({"domain": "any.example", **knobs})
        row = find_row(partner)
        if not row.valid:
            way_out = _("Require or allow TLS together with SASL, or tick dialback.")
            return Verdict(
                "bad", _("row {number}: no method is left").format(number=row.number), (_(row.warning), way_out)
            )
        methods = _("row {number}: {methods}").format(number=row.number, methods=_named(row.methods))
        warnings = tuple(_(warning.message) for warning in warn_partner(partner))
        notes = (_(row.note),) if row.note else ()
        return Verdict("warning" if warnings else "good", methods, warnings + notes)

    def problems(self, others: Sequence[JsonObject] = ()) -> list[str]:
        """Give everything that keeps the partner from being committed beside ``others``, in words."""
        try:
            partner = partner_from_json(dict(self._answers))
            table = [partner_from_json(other) for other in others if not self._is_this(other)]
            prepare_table([*table, partner], self._homes)
        except ConfigError as error:
            return [f"{LABELS.get(problem.key, problem.key)}: {problem.message}" for problem in error.problems]
        except PartnerRefusedError as error:
            return error.message.splitlines()
        except EdgecertError as error:
            return [error.message]
        return []

    def _is_this(self, other: JsonObject) -> bool:
        return self.before is not None and other.get("domain") == self.before.get("domain")

    def table(self, now: Sequence[JsonObject]) -> list[JsonObject]:
        """Give the whole table as it would be: ``now`` with this partner in the place of what it was."""
        return [*(other for other in now if not self._is_this(other)), self.to_json()]

    def changed_meanwhile(self, now: Sequence[JsonObject]) -> bool:
        """Whether somebody else has changed or removed the partner since the page was opened."""
        if self.before is None:
            return False
        present = next((other for other in now if self._is_this(other)), None)
        return present is None or bool(changes_between(self.before, present))

    def difference(self, now: Sequence[JsonObject]) -> list[str]:
        """Give what a commit changes in ``now``, key by key; nothing where nothing changes."""
        after = self.to_json()
        present = next((other for other in now if self._is_this(other)), None)
        if present is None:
            return [f"+ {after['domain']}", *(f"    {key}: {show(value)}" for key, value in _said(after).items())]
        changes = changes_between(present, after)
        if not changes:
            return []
        return [f"~ {present['domain']}", *(f"    {line}" for line in changes)]


def _named(methods: frozenset[Method]) -> str:
    """Give ``methods``, of which there is one at least, in the person's words, the preferred one first."""
    return ", ".join(_(text) for method, text in METHOD_NAMES.items() if method in methods)


def warnings_of(answer: JsonObject, domain: JsonValue) -> list[str]:
    """Give what a commit warns of for ``domain``."""
    return [
        str(warning.get("message")) for warning in objects(answer.get("warnings")) if warning.get("partner") == domain
    ]


def _said(partner: JsonObject) -> JsonObject:
    """Give the keys of a new partner that are not empty."""
    return {key: value for key, value in partner.items() if key != "domain" and (value or value is False)}
