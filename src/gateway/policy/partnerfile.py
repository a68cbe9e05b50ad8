"""Partners in files and in JSON: read whole, checked whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgecert.shared.configfile import bind, decode, encode, load_document, to_toml
from gateway.policy.partner import Partner, PartnerFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject, JsonValue


def load_partner_file(path: Path) -> tuple[Partner, ...]:
    """Give the partners of ``partners.toml``, as written: preparing and committing them is the store's.

    Raises:
        ConfigError: with every problem of the file as ``file:line: key: what``.
    """
    document = load_document(path)
    tables = document.data.get("partner")
    if isinstance(tables, list):
        filled = [fill_defaults(table) if isinstance(table, dict) else table for table in tables]
        document = replace(document, data={**document.data, "partner": filled})
    return bind(PartnerFile, document).partner


def fill_defaults(table: Mapping[str, JsonValue]) -> JsonObject:
    """Give a partner's keys with the one default that hangs on another key: a federated partner needs no dialback."""
    if table.get("type") == "federated" and "dialback" not in table:
        return {**table, "dialback": False}
    return table


def partner_from_json(data: JsonObject) -> Partner:
    """Give the partner that ``data`` describes; unknown keys are left aside, as newer peers may send them.

    Raises:
        ConfigError: with every problem of ``data``.
    """
    known = {key: value for key, value in data.items() if key in Partner.__dataclass_fields__}
    return decode(Partner, fill_defaults(known), where="partner")


def partner_to_json(partner: Partner) -> JsonObject:
    """Give ``partner`` with every key, defaults included."""
    return encode(partner)


def partners_to_toml(partners: Iterable[Partner]) -> str:
    """Give ``partners`` as a ``partners.toml`` that ``partner apply`` takes."""
    tables: list[JsonValue] = []
    for partner in partners:
        table = encode(partner, defaults=False)
        # A federated partner's dialback has another default in a file, so that it is always said.
        tables.append({**table, "dialback": partner.dialback} if partner.type == "federated" else table)
    return to_toml({"partner": tables})
