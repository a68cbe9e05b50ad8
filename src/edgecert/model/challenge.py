"""What an ACME CA looks for to see that a name is ours, and which way of showing it a name takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.shared.names import parse_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.request import ChallengeOptions, ChallengeType
    from edgecert.shared.names import GeneralName


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge as it is published.

    ``name`` is the planned name; ``identifier`` is what the CA authorizes: the domain without ``*.``, or the address.
    ``value`` is the TXT record's text for dns-01 (RFC 8555 §8.4), the whole body for http-01 (§8.3).
    """

    type: ChallengeType
    name: str
    identifier: str
    token: str
    value: str

    @property
    def record_name(self) -> str:
        """The name of the TXT record, without the dot at the end."""
        return f"_acme-challenge.{self.identifier}"

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
