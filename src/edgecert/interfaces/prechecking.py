"""What is looked at before an order is spent: what is known of the CA, and the DNS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgecert.model.dnsrecords import Answer, Question
    from edgecert.model.ratelimits import CaEvent


@dataclass(frozen=True, slots=True)
class CaFacts:
    """What a CA says of itself and what this host knows of its account there."""

    caa_identities: tuple[str, ...] = ()
    """The domains that it recognises as its own in CAA records."""
    profiles: Mapping[str, str] | None = None
    """Profiles and what they are; None where the CA was not asked, or has none."""
    account_url: str = ""
    new_account: bool = False
    """There is neither account nor key yet: the account that is made will have a new URL."""
    events: tuple[CaEvent, ...] = ()
    """What this host ordered, oldest first."""


@runtime_checkable
class CaKnowledge(Protocol):
    """What can be known of a CA without spending anything."""

    def facts(self, *, ask: bool) -> CaFacts:
        """Give the facts; the CA itself is asked for its directory only with ``ask``.

        Raises:
            NetworkError: it was asked and not reached.
        """
        ...

    def has_order(self, lineage: str, request_id: str) -> bool:
        """Whether an earlier run placed an order for this request, which the next one goes on with."""
        ...


class Resolver(Protocol):
    """Asks the DNS."""

    def ask(self, questions: Iterable[Question]) -> Mapping[Question, Answer]:
        """Ask all at once, within a bounded time; what went wrong is in the answers.

        Raises:
            NetworkError: ``no-nameserver``.
        """
        ...
