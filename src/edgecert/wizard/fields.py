"""The keys of the flags file as questions: found by path, fit for what was chosen, with a page and a label."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

from edgecert.model.request import CertificateRequest
from edgecert.shared.schema import Key, KeyKind, keys_of
from edgecert.shared.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgecert.shared.jsonvalue import JsonValue

_INDEX: Final = re.compile(r"\[(\d+)\]")
_FOR: Final = re.compile(r"([a-z0-9, -]+?): ")
_DISCRIMINATORS: Final = ("kind", "type", "provider", "layout")


class Page(StrEnum):
    """The pages, in the order of the Edge wizard that administrators know."""

    KIND = "kind"
    ISSUER = "issuer"
    SECURITY = "security"
    NAMES = "names"
    TARGETS = "targets"
    SUMMARY = "summary"


PAGES: Final = tuple(Page)

_PAGE_OF: Final = (
    ("certificate.role", Page.KIND),
    ("issuer.kind", Page.KIND),
    ("certificate.template", Page.ISSUER),
    ("issuer", Page.ISSUER),
    ("topology", Page.NAMES),
    ("deploy", Page.TARGETS),
)


def page_of(path: str) -> Page:
    """Give the page on which the key at ``path`` is asked for, or its problems are shown."""
    for prefix, page in _PAGE_OF:
        if path == prefix or path.startswith((f"{prefix}.", f"{prefix}[")):
            return page
    return Page.SECURITY


def page_title(page: Page) -> str:
    """Give the heading of a page."""
    return {
        Page.KIND: _("Certificate request"),
        Page.ISSUER: _("Certification authority"),
        Page.SECURITY: _("Name, security and organization"),
        Page.NAMES: _("Subject names"),
        Page.TARGETS: _("Where it is served"),
        Page.SUMMARY: _("Request summary"),
    }[page]


def page_word(page: Page) -> str:
    """Give a page's one word for the line that shows how far one is."""
    return {
        Page.KIND: _("Request"),
        Page.ISSUER: _("Authority"),
        Page.SECURITY: _("Security"),
        Page.NAMES: _("Names"),
        Page.TARGETS: _("Targets"),
        Page.SUMMARY: _("Summary"),
    }[page]


_ISSUER: Final = {
    "acme": ("issuer.directory", "issuer.email", "issuer.accept_terms"),
    "csr": ("issuer.request_file", "certificate.template"),
    "local": (),
}
_SECURITY: Final = (
    *("certificate.name", "certificate.friendly_name"),
    *("certificate.key_algorithm", "certificate.bit_length", "certificate.exportable"),
    *("subject.organization", "subject.organizational_unit"),
    *("subject.country", "subject.state", "subject.locality"),
)
_EXTERNAL: Final = ("topology.access_edge", "topology.web_conferencing", "topology.additional_names")
_INTERNAL: Final = ("topology.internal_fqdn", "topology.additional_names")


def asked_on(page: Page, kind: str, *, internal: bool) -> tuple[str, ...]:
    """Give the paths of the keys that ``page`` asks for, where ``kind`` issues for an ``internal`` edge or not."""
    match page:
        case Page.KIND:
            return ("certificate.role", "issuer.kind")
        case Page.ISSUER:
            return _ISSUER.get(kind, ())
        case Page.SECURITY:
            return _SECURITY
        case Page.NAMES:
            return _INTERNAL if internal else _EXTERNAL
        case Page.TARGETS | Page.SUMMARY:
            return ()


@dataclass(frozen=True, slots=True)
class Field:
    """One key at one place: its dotted path, with the index inside a list of tables."""

    path: str
    key: Key

    @property
    def label(self) -> str:
        """What the key is called on a page."""
        return label_of(self.path)

    @property
    def help(self) -> str:
        """What the key does."""
        return _(self.key.spec.help)


def split_path(path: str) -> tuple[str, int | None, str]:
    """Part ``deploy[2].name`` into ``deploy``, 2 and ``name``; a path without an index has None and nothing."""
    match = _INDEX.search(path)
    if match is None:
        return path, None, ""
    return path[: match.start()], int(match[1]), path[match.end() :].lstrip(".")


@cache
def _keys() -> Mapping[str, Key]:
    return {field.path: field.key for field in _walk(CertificateRequest, "")}


def _walk(cls: type[object], prefix: str) -> Iterator[Field]:
    for key in keys_of(cls):
        path = f"{prefix}{key.name}"
        if key.kind is KeyKind.TABLE:
            yield from _walk(key.table_class, f"{path}.")
        else:
            yield Field(path, key)


def all_fields() -> tuple[Field, ...]:
    """Give every key of the flags file but its version, in the file's order; a list of tables is one field."""
    return tuple(Field(path, key) for path, key in _keys().items() if path != "version")


def find_field(path: str) -> Field:
    """Give the field at ``path``; inside a list of tables the index is part of it.

    Raises:
        KeyError: there is no such key.
    """
    table, index, name = split_path(path)
    if index is None:
        return Field(path, _keys()[path])
    key = next((key for key in keys_of(_keys()[table].table_class) if key.name == name), None)
    if key is None:
        raise KeyError(path)
    return Field(path, key)


def row_fields(path: str, index: int, row: Mapping[str, JsonValue]) -> tuple[Field, ...]:
    """Give the fields of one table of the list at ``path`` that mean something for what ``row`` says it is."""
    keys = keys_of(_keys()[path].table_class)
    fields = [Field(f"{path}[{index}].{key.name}", key) for key in keys]
    return tuple(field for field in fields if is_meant(field.key, keys, row))


def is_meant(key: Key, keys: Sequence[Key], row: Mapping[str, JsonValue]) -> bool:
    """Whether ``key`` means something for ``row``, by its help: ``files: …`` is for kind files only.

    So is each word before the colon that is a choice of ``kind``, ``type``, ``provider`` or ``layout``;
    ``dns-01 by rfc2136: …`` wants both. Other words before a colon say nothing.
    """
    match = _FOR.match(key.spec.help)
    if match is None:
        return True
    deciders = [entry for entry in keys if entry.name in _DISCRIMINATORS and entry is not key]
    alternatives = [alternative.split(" by ") for alternative in re.split(r", | and ", match[1])]
    known = {str(choice) for entry in deciders for choice in entry.choices}
    if not all(word in known for words in alternatives for word in words):
        return True
    said = {str(row.get(entry.name, entry.default)) for entry in deciders}
    return any(said.issuperset(words) for words in alternatives)


_LABELS: Final[Mapping[str, str]] = {
    "certificate.role": "Side of the edge",
    "certificate.name": "Name",
    "certificate.friendly_name": "Friendly name",
    "certificate.key_algorithm": "Key algorithm",
    "certificate.bit_length": "Bit length",
    "certificate.exportable": "Private key is exportable",
    "certificate.reuse_key": "Keep the key at renewal",
    "certificate.client_auth": "Ask for client authentication too",
    "certificate.xmpp_identifiers": "Add XMPP identifiers",
    "certificate.template": "Certificate template",
    "subject.organizational_unit": "Organizational unit",
    "subject.country": "Country code",
    "subject.state": "State or province",
    "subject.locality": "City",
    "topology.access_edge": "Access edge",
    "topology.internal_fqdn": "Internal FQDN",
    "topology.web_conferencing": "Web conferencing",
    "topology.sip_domains": "SIP domains",
    "topology.xmpp_domains": "XMPP domains",
    "topology.additional_names": "Further names",
    "issuer.kind": "Who signs",
    "issuer.request_file": "Request file (CSR)",
    "issuer.validity": "Valid for",
    "issuer.unconstrained": "CA without name constraints",
    "issuer.directory": "Directory",
    "issuer.directory_ca_file": "CA of the directory",
    "issuer.email": "E-mail",
    "issuer.accept_terms": "I have read the terms and agree",
    "issuer.eab_kid": "Binding key id",
    "issuer.eab_hmac_key_file": "Binding key file",
    "issuer.challenges": "How names are proven",
    "renewal.renew_before": "Renew before the end",
    "renewal.notify_command": "Command that is told",
    "deploy": "Where it is served",
}


def label_of(path: str) -> str:
    """Give what the key at ``path`` is called on a page."""
    known = _LABELS.get(path)
    if known is not None:
        return _(known)
    return _(spell_out(path.rsplit(".", 1)[-1]))


def spell_out(key: str) -> str:
    """Give the name of a key as a label, where it needs no other one: ``key_file`` as ``Key file``."""
    word = key.replace("_", " ")
    return f"{word[0].upper()}{word[1:]}"
