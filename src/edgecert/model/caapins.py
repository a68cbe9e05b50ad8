"""CAA records that pin a CA's account (RFC 8657 §3): which of them name an account that is no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.model.caa import relevant_records
from edgecert.model.dnsrecords import Question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgecert.model.caa import CaaRecord
    from edgecert.model.dnsrecords import Answers

_PARAMETER: Final = "accounturi"
_PERMITS: Final = frozenset({"issue", "issuewild"})


@dataclass(frozen=True, slots=True)
class CaaPin:
    """A record that pins an account: where it stands, for which names it counts, and what has to stand there."""

    at: str
    names: tuple[str, ...]
    line: str


def caa_questions(names: Iterable[str]) -> frozenset[Question]:
    """Give what has to be asked for :func:`find_pins`: CAA at each name and all above it (RFC 8659 §3)."""
    places = (".".join(labels[start:]) for labels in map(_labels, names) for start in range(len(labels)))
    return frozenset(Question(place, "CAA") for place in places)


def find_pins(answers: Answers, names: Iterable[str], *, old: str, new: str) -> tuple[CaaPin, ...]:
    """Give the records that let the account ``old`` issue for ``names``, each as it has to be for ``new``.

    What the DNS does not answer pins nothing here: the CA asks again, and refuses if it must.
    """
    pinned: dict[tuple[str, str], list[str]] = {}
    for name in names:
        try:
            place, records = relevant_records(answers, name)
        except (LookupError, ValueError):  # no answer, or one that is no CAA record
            continue
        for record in records:
            if record.tag in _PERMITS and record.parameter(_PARAMETER) == old:
                pinned.setdefault((place, _line(record, new)), []).append(name)
    return tuple(CaaPin(place, tuple(dict.fromkeys(found)), line) for (place, line), found in pinned.items())


def _line(record: CaaRecord, account: str) -> str:
    parameters = [(name, account if name == _PARAMETER else value) for name, value in record.parameters]
    value = "; ".join((record.issuer, *(f"{name}={value}" for name, value in parameters)))
    return f'{128 if record.critical else 0} {record.tag} "{value}"'


def _labels(name: str) -> list[str]:
    return name.removeprefix("*.").split(".")
