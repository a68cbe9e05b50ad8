"""The TXT record of dns-persist-01: which CA, which account, for how long, for subdomains too.

draft-ietf-acme-dns-persist-01 gives it the form of CAA's issue value (RFC 8659 §4.2): a domain, then parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PersistRecord:
    """What a record says; ``until`` is in seconds since the epoch, and what cannot be read is no time at all."""

    issuer: str
    account: str = ""
    wildcard: bool = False
    until: int | None = None


def parse_persist_record(text: str) -> PersistRecord:
    """Give what the record ``text`` says; parameters that are not known are passed over."""
    issuer, *rest = (part.strip() for part in text.split(";"))
    parameters = {name.strip().lower(): value.strip() for name, _, value in (part.partition("=") for part in rest)}
    until = parameters.get("persistuntil")
    return PersistRecord(
        issuer.lower().removesuffix("."),
        parameters.get("accounturi", ""),
        parameters.get("policy", "").lower() == "wildcard",
        None if until is None else int(until) if until.isdecimal() else 0,
    )


def build_persist_record(issuer: str, account: str, *, wildcard: bool) -> str:
    """Give the text of the record that lets ``account`` (its URL) prove a name to the CA ``issuer``."""
    return f"{issuer}; accounturi={account}{'; policy=wildcard' if wildcard else ''}"


def persist_fault(record: PersistRecord, wanted: PersistRecord, *, now: datetime) -> str:
    """Say why ``record`` does not do for ``wanted``; empty if it does."""
    if record.issuer != wanted.issuer:
        return f"the record is for the CA {record.issuer or 'nobody'}, not for {wanted.issuer}"
    if record.account != wanted.account:
        return f"the record is for the account {record.account or 'of nobody'}, not for {wanted.account}"
    if wanted.wildcard and not record.wildcard:
        return "the record lacks policy=wildcard"
    if record.until is not None and record.until <= now.timestamp():
        return "the record has ended (persistUntil)"
    return ""
