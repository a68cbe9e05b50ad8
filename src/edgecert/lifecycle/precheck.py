"""Before an order is spent: what the CA would refuse is found here, and nothing is asked of it in vain.

Its own rules of names and keys are part of the plan (``model/carules.py``). Here is what takes a look at the world: the
profiles it offers, what this host ordered before, and the DNS of the names as the CA will see it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from edgecert.model.caa import CaaPolicy
from edgecert.model.caafindings import caa_questions, check_caa_of
from edgecert.model.carules import rules_for
from edgecert.model.challenge import choose_challenge
from edgecert.model.dnsrecords import normalised_domains
from edgecert.model.findings import Finding, Severity
from edgecert.model.landing import Landing, check_landing
from edgecert.model.ratelimits import check_limits, limits_for
from edgecert.shared.errors import NetworkError, RefusedError
from edgecert.shared.names import DnsName, IpName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgecert.interfaces import CaFacts, CaKnowledge, Progress, Resolver
    from edgecert.model.dnsrecords import Answers, Question
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.clock import Clock
    from edgecert.shared.names import GeneralName

_LANDING: Final = ("http-01", "tls-alpn-01")
_OF_THE_DNS: Final = frozenset({"caa-unanswered", "dnssec-broken", "dns-unanswered", "name-without-address"})


@dataclass(frozen=True, slots=True)
class Intent:
    """One order that is meant to be placed: for what, and what is known of it.

    ``exempt``: the CA is told which certificate it replaces (RFC 9773 §5). ``same_names``: there is a certificate for
    these names already. ``going_on``: the order is placed already. ``force``: what may be doubted only warns.
    """

    request: CertificateRequest
    names: tuple[GeneralName, ...]
    exempt: bool = False
    same_names: bool = False
    going_on: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Prechecking:
    """The use case; ``dns`` says whether the DNS is looked at: None means only where the CA is a public one."""

    ca: CaKnowledge
    resolver: Callable[[], Resolver]
    own_addresses: Callable[[], frozenset[str]]
    clock: Clock
    dns: bool | None = None

    def findings(self, intent: Intent, *, ask: bool = True) -> tuple[Finding, ...]:
        """Give everything that speaks against the order, errors first; without ``ask`` the CA itself is not asked.

        Raises:
            NetworkError: the CA was not reached.
        """
        facts = self.ca.facts(ask=ask)
        found = [*_check_profile(intent.request, facts)]
        if not intent.going_on:
            found += check_limits(
                limits_for(intent.request.issuer.directory),
                facts.events,
                [name.text for name in intent.names],
                now=self.clock.now(),
                exempt=intent.exempt,
                same_names=intent.same_names,
                force=intent.force,
            )
        if self._looks_at_dns(intent.request, facts):
            found += self._check_dns(intent, facts)
        order = list(Severity)
        return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))

    def _looks_at_dns(self, request: CertificateRequest, facts: CaFacts) -> bool:
        if self.dns is not None:
            return self.dns
        return bool(facts.caa_identities) or rules_for(request.issuer.directory) is not None

    def _check_dns(self, intent: Intent, facts: CaFacts) -> list[Finding]:
        question = _Questions(intent, facts, self.own_addresses)
        try:
            answers = self.resolver().ask(question.all)
        except NetworkError as error:
            return [Finding("dns-unanswered", Severity.WARNING, (), error.message, error.hint)]
        if question.all and all(answer.error and not answer.failed for answer in answers.values()):
            message = f"nothing could be looked up from here ({next(iter(answers.values())).error})"
            hint = "name another nameserver with --nameserver ADDRESS; --no-dns looks at no DNS"
            return [Finding("dns-unanswered", Severity.WARNING, (), message, hint)]
        found = question.judge(answers)
        if not intent.force:
            return found
        # The records may have been changed since a cache learned them: who insists is told, and obeyed.
        return [replace(finding, severity=Severity.WARNING) for finding in found]


class _Questions:
    """What the DNS is asked for one order, and what its answers mean."""

    def __init__(self, intent: Intent, facts: CaFacts, own_addresses: Callable[[], frozenset[str]]) -> None:
        request = intent.request
        rules = rules_for(request.issuer.directory)
        identities = (*facts.caa_identities, *(rules.caa if rules else ()))
        methods = {name: _method(request, name) for name in intent.names if isinstance(name, (DnsName, IpName))}
        self.policies: Mapping[str, CaaPolicy] = {
            # RFC 8738 §6: CAA says nothing about addresses.
            name.text: CaaPolicy(
                identities[0],
                facts.account_url,
                (method,) if method else (),
                also=tuple(identities[1:]),
                new_account=facts.new_account,
            )
            for name, method in methods.items()
            if identities and isinstance(name, DnsName)
        }
        self._landing: dict[str, tuple[str, ...]] = {
            kind: tuple(name.text for name, method in methods.items() if method == kind and isinstance(name, DnsName))
            for kind in _LANDING
        }
        topology = request.topology
        edge = next(iter(normalised_domains([topology.access_edge])), "")
        xmpp = frozenset(normalised_domains(topology.xmpp_domains))
        landed = any(self._landing.values())
        self._place = Landing(edge, own_addresses() if landed else frozenset(), xmpp)
        hosts = [name for names in self._landing.values() for name in names]
        self.all: tuple[Question, ...] = (
            *caa_questions(self.policies),
            *(self._place.questions(hosts) if hosts else ()),
        )

    def judge(self, answers: Answers) -> list[Finding]:
        """Give what the answers speak against."""
        found = [*check_caa_of(answers, self.policies)]
        for kind, names in self._landing.items():
            found += check_landing(answers, names, self._place, kind)
        told = {name for finding in found if finding.code == "dnssec-broken" for name in finding.names}
        broken = [
            question.name
            for question in self.all
            if question.type != "CAA" and answers[question].bogus and question.name not in told
        ]
        if broken:
            names = tuple(dict.fromkeys(broken))
            message = f"{', '.join(names[:3])}: the DNSSEC signatures are broken, so that the CA gets no answer"
            hint = "sign the zone anew, or mend the DS record"
            found.append(Finding("dnssec-broken", Severity.ERROR, names, message, hint))
        return found


def _method(request: CertificateRequest, name: GeneralName) -> str:
    options = request.issuer.challenges
    index = choose_challenge(options, name)
    return options[index].type if index is not None else ""


def _check_profile(request: CertificateRequest, facts: CaFacts) -> tuple[Finding, ...]:
    profile = request.issuer.profile
    if not profile or facts.profiles is None or profile in facts.profiles:
        return ()
    hint = "choose one of them, or leave [issuer] profile out"
    message = f"the CA has no profile {profile!r}; it offers {', '.join(sorted(facts.profiles)) or 'none'}"
    return (Finding("profile-unknown", Severity.ERROR, (), message, hint),)


def obey(findings: Sequence[Finding], progress: Progress) -> None:
    """Tell of warnings, and end at errors.

    Raises:
        RefusedError: the CA would refuse; all errors are in the message, the code is that of the first.
        NetworkError: the same, where the first is one of the DNS.
    """
    for finding in findings:
        if finding.severity is Severity.WARNING:
            hint = f"; {finding.hint}" if finding.hint else ""
            progress.warn(finding.code, f"{finding.message}{hint}", ", ".join(finding.names))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if not errors:
        return
    lines = [finding.message if len(errors) == 1 else f"{finding.code}: {finding.message}" for finding in errors]
    hint = "\n".join(dict.fromkeys(finding.hint for finding in errors if finding.hint))
    kind = NetworkError if errors[0].code in _OF_THE_DNS else RefusedError
    message = "the CA would refuse this, so it was not asked: " + ("\n" * (len(lines) > 1)) + "\n".join(lines)
    raise kind(message, code=errors[0].code, hint=hint)
