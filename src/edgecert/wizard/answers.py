"""What a person has said so far: one frozen value, replaced as a whole, and the request that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, cast

from edgecert.model.request import CertificateRequest
from edgecert.model.requestrules import check_issuing, check_request
from edgecert.shared.binding import Binder, KeyFault, Layer, build, convert
from edgecert.shared.configfile import encode, nested
from edgecert.shared.errors import ConfigError, ConfigProblem
from edgecert.shared.schema import KeyKind, plain
from edgecert.shared.words import _
from edgecert.wizard.fields import all_fields, find_field, label_of, row_fields, split_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject, JsonValue

SIP: Final = "topology.sip_domains"
XMPP: Final = "topology.xmpp_domains"
_SOURCE: Final = "wizard"
_ONLY_FOR: Final = {
    "certificate.template": ("csr",),
    "certificate.client_auth": ("csr", "local"),
    "certificate.xmpp_identifiers": ("csr", "local"),
}


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain of the edge and whether it federates by SIP and by XMPP; one that does neither stays in the list."""

    domain: str
    sip: bool = True
    xmpp: bool = True


@dataclass(frozen=True, slots=True)
class Rejected:
    """What was typed and cannot be taken, and why; kept so that nothing typed is lost."""

    text: str
    message: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Values by dotted path (a list of tables as a whole), the domains, and what was rejected by path."""

    base: Path
    values: Mapping[str, JsonValue] = field(default_factory=dict)
    domains: tuple[DomainRow, ...] = ()
    rejected: Mapping[str, Rejected] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    # --- changed, as a new value -------------------------------------------------------------------

    def with_value(self, path: str, value: object) -> Answers:
        """Give the answers with the key at ``path`` changed.

        Raises:
            KeyFault: the key does not hold that; the text says what is wanted.
            KeyError: there is no such key.
        """
        entry = find_field(path)
        taken = plain(convert(entry.key, value, self.base if entry.key.spec.path else None))
        left = {name: text for name, text in self.rejected.items() if name != path}
        if path in (SIP, XMPP):
            return replace(self._with_ticks(path, cast("Sequence[str]", taken)), rejected=left)
        table, index, name = split_path(path)
        if index is None:
            return replace(self, values=_set(self.values, path, taken, plain(entry.key.default)), rejected=left)
        rows = list(self.rows(table))
        rows[index] = _set(rows[index], name, taken, plain(entry.key.default))
        return replace(self, values={**self.values, table: rows}, rejected=left)

    def with_rejected(self, path: str, text: str, message: str) -> Answers:
        """Give the answers with ``text`` kept as what cannot be taken for ``path``."""
        return replace(self, rejected={**self.rejected, path: Rejected(text, message)})

    def with_rows(self, table: str, rows: Sequence[JsonObject]) -> Answers:
        """Give the answers with the list of tables at ``table`` changed; what was rejected in it is forgotten."""
        values = {name: value for name, value in self.values.items() if name != table}
        left = {name: text for name, text in self.rejected.items() if not name.startswith(f"{table}[")}
        return replace(self, values={**values, **({table: list(rows)} if rows else {})}, rejected=left)

    def _with_ticks(self, path: str, domains: Sequence[str]) -> Answers:
        wanted = dict.fromkeys(domains)
        rows = [
            replace(row, sip=row.domain in wanted) if path == SIP else replace(row, xmpp=row.domain in wanted)
            for row in self.domains
        ]
        fresh = [domain for domain in wanted if domain not in {row.domain for row in self.domains}]
        rows += [DomainRow(domain, sip=path == SIP, xmpp=path == XMPP) for domain in fresh]
        return replace(self, domains=tuple(rows))

    # --- read ----------------------------------------------------------------------------------------

    def value(self, path: str) -> JsonValue:
        """Give the value of the key at ``path``: what was said, or what follows when nothing was."""
        if path == SIP:
            return [row.domain for row in self.domains if row.sip]
        if path == XMPP:
            return [row.domain for row in self.domains if row.xmpp]
        table, index, name = split_path(path)
        if index is not None:
            return self.rows(table)[index].get(name, plain(find_field(path).key.default))
        if path in self.values:
            return self.values[path]
        match path:
            case "certificate.name":
                return self._free_name()
            case "issuer.request_file" if self.value("issuer.kind") == "csr":
                return str(self.base / f"{self.value('certificate.name')}.csr")
            case _:
                return plain(find_field(path).key.default)

    def rows(self, table: str) -> Sequence[Mapping[str, JsonValue]]:
        """Give the list of tables at ``table``: of each what differs from the defaults."""
        return cast("Sequence[Mapping[str, JsonValue]]", self.values.get(table, ()))

    def _free_name(self) -> str:
        base = "edge-internal" if self.value("certificate.role") == "internal-edge" else "edge-external"
        number = 1
        while (name := base if number == 1 else f"{base}-new{number}") in self.known:
            number += 1
        return name

    def document(self) -> JsonObject:
        """Give the flags file as a document: the version, and every key that is not at its default."""
        flat: dict[str, JsonValue] = {"version": 1}
        for entry in all_fields():
            value = self.value(entry.path)
            if entry.key.kind is KeyKind.TABLES:
                value = [self._meant_row(entry.path, index) for index in range(len(self.rows(entry.path)))]
            if value != plain(entry.key.default) and self.is_meant(entry.path):
                flat[entry.path] = value
        return nested(flat)

    def is_meant(self, path: str) -> bool:
        """Whether the key at ``path`` means something for the issuer chosen; what does not is kept, but not sent."""
        kind = self.value("issuer.kind")
        return kind in _ONLY_FOR.get(path, (kind,))

    def _meant_row(self, table: str, index: int) -> dict[str, JsonValue]:
        row = self.rows(table)[index]
        meant = {split_path(entry.path)[2] for entry in row_fields(table, index, row)}
        return {name: value for name, value in row.items() if name in meant}

    def bound(self) -> tuple[CertificateRequest, tuple[ConfigProblem, ...]]:
        """Give the request as far as it goes, with everything that is wrong in it."""
        layer = Layer(self.document(), _SOURCE)
        binder = Binder(CertificateRequest, [layer], layer)
        request = cast("CertificateRequest", build(CertificateRequest, binder.flat))
        binder.add_rule_problems(check_request(request))
        binder.add_rule_problems(check_issuing(request))
        rejected = [ConfigProblem(_SOURCE, 0, path, entry.message) for path, entry in self.rejected.items()]
        return request, (*rejected, *(entry for entry in binder.problems if entry.key not in self.rejected))

    def request(self) -> CertificateRequest:
        """Give the whole request.

        Raises:
            ConfigError: something is wrong or missing; all of it is in the error.
        """
        request, problems = self.bound()
        if problems:
            raise ConfigError(problems)
        return request

    # --- kept ----------------------------------------------------------------------------------------

    def to_json(self) -> JsonObject:
        """Give the answers in a form for :func:`answers_from_json`."""
        return {
            "values": dict(self.values),
            "domains": [{"domain": row.domain, "sip": row.sip, "xmpp": row.xmpp} for row in self.domains],
            "rejected": {path: {"text": entry.text, "message": entry.message} for path, entry in self.rejected.items()},
        }


def _set(values: Mapping[str, JsonValue], name: str, value: JsonValue, default: JsonValue) -> dict[str, JsonValue]:
    left = {key: held for key, held in values.items() if key != name}
    return left if value == default else {**left, name: value}


def changed_between(before: Answers, after: Answers) -> tuple[str, ...]:
    """Give what differs, as the pages call it."""
    paths = [
        path
        for path in dict.fromkeys((*before.values, *after.values, *before.rejected, *after.rejected))
        if before.values.get(path) != after.values.get(path) or before.rejected.get(path) != after.rejected.get(path)
    ]
    domains = [_("domains")] if before.domains != after.domains else []
    return tuple(dict.fromkeys((*domains, *map(label_of, paths))))


def answers_from_json(empty: Answers, data: JsonObject) -> Answers:
    """Give what :meth:`Answers.to_json` kept; keys that are no more, or no longer hold what was kept, are left out."""
    answers = empty
    rows = cast("Sequence[Mapping[str, JsonValue]]", data.get("domains", ()))
    answers = replace(
        answers,
        domains=tuple(DomainRow(str(row["domain"]), bool(row["sip"]), bool(row["xmpp"])) for row in rows),
    )
    for path, value in cast("Mapping[str, JsonValue]", data.get("values", {})).items():
        answers = _restored(answers, path, value)
    for path, entry in cast("Mapping[str, Mapping[str, str]]", data.get("rejected", {})).items():
        answers = answers.with_rejected(path, entry["text"], entry["message"])
    return answers


def _restored(answers: Answers, path: str, value: JsonValue) -> Answers:
    try:
        if find_field(path).key.kind is not KeyKind.TABLES:
            return answers.with_value(path, value)
        answers = answers.with_rows(path, [{} for _row in cast("Sequence[JsonObject]", value)])
        for index, row in enumerate(cast("Sequence[JsonObject]", value)):
            for name, held in row.items():
                answers = _restored(answers, f"{path}[{index}].{name}", held)
    except (KeyError, KeyFault):
        return answers
    return answers


def answers_from_request(empty: Answers, request: CertificateRequest) -> Answers:
    """Give the answers that make ``request``."""
    document = encode(request, defaults=False)
    answers = empty
    for entry in all_fields():
        value: JsonValue = document
        for part in entry.path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            answers = _restored(answers, entry.path, value)
    return answers
