"""Where a dns-01 record lies when ``_acme-challenge`` is a CNAME into another zone (RFC 8555 §8.4, RFC 1034 §3.6.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from edgecert.model.dnsrecords import Question
from edgecert.shared.errors import ChallengeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.dns.lookup import Lookup
    from edgecert.interfaces import Progress
    from edgecert.model.challenge import Challenge
    from edgecert.model.dnsrecords import Answer

_LABEL: Final = r"(?!-)[A-Za-z0-9_-]{1,63}"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
LONGEST_CHAIN: Final = 8
"""CNAMEs in a row; Boulder's resolver follows about as many."""


@dataclass(frozen=True, slots=True)
class Delegations:
    """Follows CNAMEs by ``lookup``, those of all challenges at once."""

    lookup: Lookup
    progress: Progress

    def locate(self, challenges: Sequence[Challenge]) -> tuple[Challenge, ...]:
        """Give ``challenges`` with the name at the end of each chain of CNAMEs.

        A name that cannot be looked up counts as not delegated, with a warning: where the DNS is split the record may
        be right all the same, and the CA has the last word.

        Raises:
            ChallengeError: ``delegation-loop``: a chain comes back to itself, or has no end within eight;
                ``delegation-odd``: it leads to what is no plain name.
        """
        chains = {challenge.record_name: [challenge.record_name] for challenge in challenges}
        pending = list(chains)
        while pending:
            answers = self.lookup.ask([Question(chains[first][-1], "CNAME") for first in pending])
            pending = [
                first for first in pending if self._extend(chains[first], answers[Question(chains[first][-1], "CNAME")])
            ]
        return tuple(
            replace(challenge, record=end)
            if (end := chains[challenge.record_name][-1]) != challenge.record_name
            else challenge
            for challenge in challenges
        )

    def _extend(self, chain: list[str], answer: Answer) -> bool:
        """Add the next name to ``chain``; False at its end."""
        if answer.error:
            self.progress.warn(
                "delegation-unknown", f"{chain[-1]} could not be looked up ({answer.error}); taken as not delegated"
            )
        if not answer.records:
            return False
        target = answer.records[0].removesuffix(".")
        if target in chain or len(chain) > LONGEST_CHAIN:
            message = f"the CNAMEs of {chain[0]} have no end: {' → '.join((*chain, target))}"
            raise ChallengeError(message, code="delegation-loop", hint="let the CNAME name where the TXT record lies")
        if not _NAME.fullmatch(target):
            # It goes into updates of a zone, and as an argument to a program of the administrator's.
            message = f"the CNAME of {chain[-1]} leads to {target!r}, which is no name that a record can have"
            raise ChallengeError(message, code="delegation-odd", hint="let the CNAME name where the TXT record lies")
        chain.append(target)
        return True
