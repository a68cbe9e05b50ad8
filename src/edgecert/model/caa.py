"""CAA (RFC 8659, RFC 8657): which records count for a name, and whether they let a CA issue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.model.dnsrecords import Answer, Question, answer_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgecert.model.dnsrecords import Answers

_PARTS: Final = 3
_FLAGS: Final = re.compile(r"[0-9]{1,3}")
_CRITICAL: Final = 128
_KNOWN_TAGS: Final = frozenset({"issue", "issuewild", "iodef", "issuemail", "contactemail", "contactphone"})


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """One record: whether it is critical, its tag, the CA's domain, and the parameters for that CA."""

    critical: bool
    tag: str
    issuer: str
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str:
        """Give a parameter's value, or nothing."""
        return dict(self.parameters).get(name, "")


@dataclass(frozen=True, slots=True)
class CaaPolicy:
    """Who wants to issue: the CA's domain in CAA, its account, and the challenge types that will be used.

    ``also`` are further domains that the CA recognises as its own (``caaIdentities``, RFC 8555 §9.7.6). Without an
    account yet (``new_account``) a record that pins one cannot mean ours.
    """

    issuer: str
    account_uri: str = ""
    methods: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    new_account: bool = False

    def is_named(self, domain: str) -> bool:
        """Whether ``domain`` stands for this CA."""
        return domain in (self.issuer.lower(), *(each.lower() for each in self.also))


@dataclass(frozen=True, slots=True)
class CaaRefusal:
    """Why a CA may not issue for a name: where the records stand, and what they say."""

    name: str
    at: str
    reason: str


class CaaUnansweredError(LookupError):
    """A question on the way up has no answer, so that a CA must not issue (RFC 8659 §3): where, and what was said."""

    def __init__(self, place: str, answer: Answer) -> None:
        """Keep where it was asked, and the answer."""
        super().__init__(f"CAA {place}: {answer.error}")
        self.place = place
        self.answer = answer


def parse_caa(text: str) -> CaaRecord:
    """Give the CAA record that ``text`` (as in a zone file) is.

    Raises:
        ValueError: it is none.
    """
    parts = text.split(None, 2)
    flags, tag, value = parts if len(parts) == _PARTS else ("", "", "")
    if not (text.isascii() and _FLAGS.fullmatch(flags) and tag.isalnum()):
        message = f"{text!r} is no CAA record"
        raise ValueError(message)
    value = value.strip().removeprefix('"').removesuffix('"')
    issuer, *parameters = (part.strip() for part in value.split(";"))
    pairs = tuple(
        (name.strip().lower(), given.strip()) for name, _, given in (each.partition("=") for each in parameters)
    )
    return CaaRecord(int(flags) >= _CRITICAL, tag.lower(), issuer.lower(), tuple(pair for pair in pairs if pair[0]))


def climb(name: str) -> tuple[str, ...]:
    """Give where CAA is looked for, nearest first (RFC 8659 §3); the wildcard label counts for nothing."""
    labels = name.removeprefix("*.").split(".")
    return tuple(".".join(labels[start:]) for start in range(len(labels)))


def relevant_records(answers: Answers, name: str) -> tuple[str, tuple[CaaRecord, ...]]:
    """Give the closest ancestor with CAA records, and these; nothing when there are none.

    Raises:
        CaaUnansweredError: a question on the way has no answer.
    """
    for place in climb(name):
        answer = answer_to(answers, place, "CAA")
        if answer.error:
            raise CaaUnansweredError(place, answer)
        if answer.records:
            return place, tuple(parse_caa(text) for text in answer.records)
    return "", ()


def check_caa(answers: Answers, name: str, policy: CaaPolicy) -> CaaRefusal | None:
    """Tell why ``policy.issuer`` may not issue for ``name``, or None when it may.

    Raises:
        CaaUnansweredError: as :func:`relevant_records`.
        ValueError: a record is none.
    """
    place, records = relevant_records(answers, name)
    unknown = [record.tag for record in records if record.critical and record.tag not in _KNOWN_TAGS]
    if unknown:
        return CaaRefusal(name, place, f"a critical record with the unknown tag {unknown[0]}")
    wild = [record for record in records if record.tag == "issuewild"] if name.startswith("*.") else []
    permits = wild or [record for record in records if record.tag == "issue"]
    if not permits:
        return None  # RFC 8659 §4.2: without such a record nobody is shut out
    faults = [fault for record in permits for fault in (_fault(record, policy),)]
    if not all(faults):
        return None
    named = list(_faults_of_issuer(permits, policy))
    allowed = ", ".join(dict.fromkeys(record.issuer or "nobody" for record in permits))
    return CaaRefusal(name, place, named[0] if named else f"only {allowed} may issue")


def needs_record(found: tuple[str, ...], name: str, policy: CaaPolicy, *, asked: bool) -> bool:
    """Whether a record for ``policy`` is to be added to the records ``found`` at ``name``.

    Where there is none every CA may issue, and a first record would shut the others out: only if it was ``asked`` for.
    """
    if not found:
        return asked
    return check_caa({Question(name, "CAA"): Answer(found)}, name, policy) is not None


def _fault(record: CaaRecord, policy: CaaPolicy) -> str:
    if not policy.is_named(record.issuer):
        return "another CA"
    account = record.parameter("accounturi")
    if account and (policy.account_uri or policy.new_account) and account != policy.account_uri:
        return f"only the account {account} may issue" + (", and ours is not made yet" if policy.new_account else "")
    methods = [method.strip() for method in record.parameter("validationmethods").split(",") if method.strip()]
    if methods and policy.methods and not set(methods) & set(policy.methods):
        return f"only {', '.join(methods)} may prove control"
    return ""


def _faults_of_issuer(records: list[CaaRecord], policy: CaaPolicy) -> Iterator[str]:
    for record in records:
        if policy.is_named(record.issuer):
            yield _fault(record, policy)
