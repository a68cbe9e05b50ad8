"""What an ACME CA looks for to see that a name is ours, and which way of showing it a name takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.model.dnsrecords import DnsRecord
from edgecert.shared.names import parse_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.model.request import ChallengeOptions, ChallengeType
    from edgecert.shared.names import GeneralName


RECORD_TTL: Final = 60
"""Seconds that others may keep a record which lives for a minute."""
_LABELS: Final[Mapping[str, str]] = {"dns-persist-01": "_validation-persist"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge as it is published.

    ``name`` is the planned name; ``identifier`` is what the CA authorizes: the domain without ``*.``, or the address.
    ``value`` is the TXT record's text for dns-01 (RFC 8555 §8.4) and dns-persist-01, the key authorization (§8.1) for
    http-01 and tls-alpn-01. ``record`` is where the TXT record lies if a CNAME leads elsewhere.
    ``others`` are texts that do as well as ``value``: a CA of dns-persist-01 may go by several domains.
    """

    type: ChallengeType
    name: str
    identifier: str
    token: str
    value: str
    record: str = ""
    others: tuple[str, ...] = ()

    @property
    def record_name(self) -> str:
        """The name of the TXT record, without the dot at the end."""
        return self.record or f"{_LABELS.get(self.type, '_acme-challenge')}.{self.identifier}"

    @property
    def text(self) -> str:
        """The TXT record's data as in a zone file."""
        return f'"{self.value}"'

    @property
    def line(self) -> str:
        """The TXT record as a line of a zone file (RFC 1035 §5)."""
        return DnsRecord(self.record_name, "TXT", self.text, RECORD_TTL).line

    @property
    def path(self) -> str:
        """The path that the CA asks a web server for."""
        return f"/.well-known/acme-challenge/{self.token}"


def choose_challenge(options: Sequence[ChallengeOptions], name: GeneralName) -> int | None:
    """Give the index of the first of ``options`` that is for ``name``, or None."""
    for index, entry in enumerate(options):
        if not entry.names or name in {parse_name(text) for text in entry.names}:
            return index
    return None
