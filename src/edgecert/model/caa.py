"""CAA (RFC 8659, RFC 8657): which records count for a name, and whether they let a CA issue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from edgecert.model.dnsrecords import Answer, Question, answer_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgecert.model.dnsrecords import Answers

_RECORD: Final = re.compile(r'(\d+)\s+([A-Za-z0-9]+)\s+"?(.*?)"?\s*$', re.DOTALL)
_CRITICAL: Final = 128
_KNOWN_TAGS: Final = frozenset({"issue", "issuewild", "iodef", "issuemail", "contactemail", "contactphone"})

# What the CAs' own documents tell to write into CAA, by the host of their directories.
_ISSUERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acme-v02.api.letsencrypt.org": "letsencrypt.org",
        "acme-staging-v02.api.letsencrypt.org": "letsencrypt.org",
        "dv.acme-v02.api.pki.goog": "pki.goog",
        "acme.zerossl.com": "sectigo.com",
        "api.buypass.com": "buypass.com",
        "acme.ssl.com": "ssl.com",
        "acme.digicert.com": "digicert.com",
        "acme-api.actalis.com": "actalis.it",
    }
)


def issuer_of_directory(url: str) -> str:
    """Give the domain that stands in CAA for the CA of an ACME directory, or nothing where it is not known."""
    return _ISSUERS.get(url.removeprefix("https://").partition("/")[0].partition(":")[0].lower(), "")


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
    """Who wants to issue: the CA's domain in CAA, its account, and the challenge types that will be used."""

    issuer: str
    account_uri: str = ""
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaaRefusal:
    """Why a CA may not issue for a name: where the records stand, and what they say."""

    name: str
    at: str
    reason: str


def parse_caa(text: str) -> CaaRecord:
    """Give the CAA record that ``text`` (as in a zone file) is.

    Raises:
        ValueError: it is none.
    """
    match = _RECORD.match(text)
    if match is None:
        message = f"{text!r} is no CAA record"
        raise ValueError(message)
    flags, tag, value = match.groups()
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
        LookupError: a question on the way has no answer, so that a CA must not issue (RFC 8659 §3); says which.
    """
    for place in climb(name):
        answer = answer_to(answers, place, "CAA")
        if answer.error:
            raise LookupError(f"CAA {place}: {answer.error}")
        if answer.records:
            return place, tuple(parse_caa(text) for text in answer.records)
    return "", ()


def check_caa(answers: Answers, name: str, policy: CaaPolicy) -> CaaRefusal | None:
    """Tell why ``policy.issuer`` may not issue for ``name``, or None when it may.

    Raises:
        LookupError: as :func:`relevant_records`.
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
    if record.issuer != policy.issuer.lower():
        return "another CA"
    account = record.parameter("accounturi")
    if account and policy.account_uri and account != policy.account_uri:
        return f"only the account {account} may issue"
    methods = [method.strip() for method in record.parameter("validationmethods").split(",") if method.strip()]
    if methods and policy.methods and not set(methods) & set(policy.methods):
        return f"only {', '.join(methods)} may prove control"
    return ""


def _faults_of_issuer(records: list[CaaRecord], policy: CaaPolicy) -> Iterator[str]:
    for record in records:
        if record.issuer == policy.issuer.lower():
            yield _fault(record, policy)
