"""What CAA records say to an order, as findings: each reason once, with all the names that it holds for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.caa import CaaUnansweredError, check_caa, climb
from edgecert.model.dnsrecords import Question
from edgecert.model.findings import Finding, Severity
from edgecert.shared.names import to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from edgecert.model.caa import CaaPolicy, CaaRefusal
    from edgecert.model.dnsrecords import Answer, Answers


def caa_questions(names: Iterable[str]) -> tuple[Question, ...]:
    """Give what the DNS is asked: CAA of every name and of all above it, at once."""
    return tuple(dict.fromkeys(Question(place, "CAA") for name in names for place in climb(name)))


def check_caa_of(answers: Answers, policies: Mapping[str, CaaPolicy]) -> tuple[Finding, ...]:
    """Tell for which of the names in ``policies`` the CA must not issue, or may not be able to tell that it may."""
    refusals: dict[tuple[str, str], tuple[CaaRefusal, list[str]]] = {}
    unanswered: dict[str, tuple[Answer, list[str]]] = {}
    malformed: dict[str, list[str]] = {}
    for name, policy in policies.items():
        try:
            refusal = check_caa(answers, name, policy)
        except CaaUnansweredError as error:
            unanswered.setdefault(error.place, (error.answer, []))[1].append(name)
        except ValueError as error:
            malformed.setdefault(str(error), []).append(name)
        else:
            if refusal is not None:
                refusals.setdefault((refusal.at, refusal.reason), (refusal, []))[1].append(name)
    return (
        *(_forbidden(refusal, names, policies[names[0]]) for refusal, names in refusals.values()),
        *(
            Finding("caa-forbids", Severity.ERROR, tuple(names), f"{text} ({_list(names)})", "write the record anew")
            for text, names in malformed.items()
        ),
        *_unanswered(unanswered),
    )


def _forbidden(refusal: CaaRefusal, names: Sequence[str], policy: CaaPolicy) -> Finding:
    tag = "issuewild" if all(name.startswith("*.") for name in names) else "issue"
    account = f"; accounturi={policy.account_uri}" if policy.account_uri and "account" in refusal.reason else ""
    line = f'{refusal.at}. IN CAA 0 {tag} "{policy.issuer}{account}"'
    message = f"CAA at {refusal.at} forbids {policy.issuer} to issue for {_list(names)}: {refusal.reason}"
    hint = f"add {line}" if "prove control" not in refusal.reason else "choose such a challenge, or change the record"
    return Finding("caa-forbids", Severity.ERROR, tuple(names), message, hint)


def _unanswered(places: Mapping[str, tuple[Answer, list[str]]]) -> Iterator[Finding]:
    for place, (answer, names) in places.items():
        message = f"CAA {place}: {answer.error} ({_list(names)})"
        if answer.bogus:
            hint = "sign the zone anew, or mend the DS record: a CA that validates refuses until then"
            yield Finding("dnssec-broken", Severity.ERROR, tuple(names), message, hint)
            continue
        # Nameservers that say that they fail say so to the CA too; a time-out may be between us and our resolver.
        severity = Severity.ERROR if answer.failed else Severity.WARNING
        hint = "a CA that gets no answer must not issue: see whether the nameservers answer"
        yield Finding("caa-unanswered", severity, tuple(names), message, hint)


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(map(to_unicode, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
