"""Showing a CA that names are ours: challenges chosen, published, answered, and always taken away again."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from josepy.json_util import encode_b64jose

from edgecert.interfaces import Locating
from edgecert.issuers.acme.parallel import each
from edgecert.issuers.acme.problems import AcmeProblemError, UnprovenNamesError, describe, hint_for, kind_of, malformed
from edgecert.issuers.acme.wireobjects import parse_authorization
from edgecert.model.challenge import Challenge, choose_challenge
from edgecert.model.challengerules import unfit
from edgecert.model.persistrecord import build_persist_record
from edgecert.shared.atomic import crash_point
from edgecert.shared.errors import EdgecertError, RecordsMissingError, UsageError
from edgecert.shared.names import DnsName, IpName, NameProblem, normalise_domain, parse_name, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from acme.messages import ChallengeBody

    from edgecert.interfaces import ChallengeSolver, Progress
    from edgecert.issuers.acme.client import AcmeClient
    from edgecert.issuers.acme.namewatch import NameWatch
    from edgecert.issuers.acme.orderfile import OrderFile, OrderState
    from edgecert.issuers.acme.wireobjects import Authorization
    from edgecert.model.request import ChallengeOptions
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.names import GeneralName

# The smallest POST that is not a POST-as-GET: "the server may look now" (RFC 8555 §7.5.1).
_ANSWER: Final = b"{}"


@dataclass(frozen=True, slots=True)
class Rules:
    """The challenge entries of the flags file, each with the solver that does it."""

    options: tuple[ChallengeOptions, ...]
    solvers: tuple[ChallengeSolver, ...]

    def index_for(self, name: GeneralName) -> int:
        """Give the index of the entry that is for ``name``.

        Raises:
            UsageError: ``challenge-missing``, ``challenge-unfit``: found before anything is asked of the CA.
        """
        index = choose_challenge(self.options, name)
        text = to_unicode(name.text)
        if index is None:
            message = f"no [[issuer.challenges]] entry is for {text}"
            hint = "name it in one, or add an entry without names: that is for all that are left"
            raise UsageError(message, code="challenge-missing", hint=hint)
        if why := unfit(self.options[index].type, name):
            better = "http-01" if isinstance(name, IpName) else "dns-01"
            hint = f'add [[issuer.challenges]] with names = ["{text}"] and type = "{better}" above it'
            raise UsageError(f"{text} {why}", code="challenge-unfit", hint=hint)
        return index

    def by_person(self, index: int) -> bool:
        """Whether it is a person who publishes what the entry at ``index`` needs."""
        entry = self.options[index]
        return entry.type == "dns-persist-01" or entry.provider == "manual"


@dataclass(slots=True)
class Proving:
    """The challenges of one order; :attr:`state` is kept on disk before anything is published."""

    client: AcmeClient
    rules: Rules
    file: OrderFile
    progress: Progress
    state: OrderState
    asked: frozenset[GeneralName]
    watch: NameWatch

    @contextmanager
    def cleaning(self) -> Iterator[None]:
        """Take away whatever was published, by this run or one that was killed, however the context ends."""
        try:
            yield
        finally:
            self._clean_up()

    def prove(self, kid: str, urls: Sequence[str]) -> None:
        """Publish and answer a challenge for each authorization of ``urls`` that is pending, all names at once.

        Raises:
            RefusedError: ``challenge-not-offered``.
            ChallengeError: something could not be published.
            NetworkError: the CA was not reached.
        """
        found = self.fetch(kid, urls)
        self.watch.show(found)
        pending = [entry for entry in found if entry.status == "pending"]
        if any(entry.name not in self.asked for entry in pending):
            raise malformed("order: it wants names to be proven that were not asked for")
        chosen = [(entry, self._choose(entry)) for entry in pending]
        if not chosen:
            return
        groups = [
            (index, self._located(index, group))
            for index, group in self._groups([self._challenge(kid, entry, body) for entry, body in chosen])
        ]
        self._see_by_hand([(index, group) for index, group in groups if self.rules.by_person(index)])
        challenges = [challenge for _, group in groups for challenge in group]
        self._remember((*self.state.presented, *(new for new in challenges if new not in self.state.presented)))
        for index, group in groups:
            if not self.rules.by_person(index):
                self.progress.step(f"{self.rules.options[index].type}: publishing for {_names(group)}")
                self.watch.publishes(group)
                self.rules.solvers[index].present(group)
                self.watch.published(group)
        crash_point("acme-presented")
        each(lambda one: self._answer(kid, *one), chosen)
        crash_point("acme-answered")
        self.watch.looks(challenges)
        self.progress.step(f"the CA looks at {len(chosen)} name{'s' if len(chosen) > 1 else ''}")

    def _answer(self, kid: str, entry: Authorization, body: ChallengeBody) -> None:
        """Let the CA look; one that knows by now, from an answer whose reply was lost, may refuse to be told twice."""
        try:
            self.client.post(str(body.uri), _ANSWER, kid=kid)
        except AcmeProblemError as error:
            if error.kind == "rateLimited":
                raise
            (now,) = self.fetch(kid, [entry.url])
            if now.status == "pending" and not now.answered:
                raise

    def _located(self, index: int, group: tuple[Challenge, ...]) -> tuple[Challenge, ...]:
        solver = self.rules.solvers[index]
        return solver.locate(group) if isinstance(solver, Locating) else group

    def _see_by_hand(self, groups: Sequence[tuple[int, tuple[Challenge, ...]]]) -> None:
        """See first that what a person publishes is there: nothing else is published in vain."""
        missing: list[RecordsMissingError] = []
        for index, group in groups:
            self.progress.step(f"{self.rules.options[index].type}: looking for the records of {_names(group)}")
            self.watch.publishes(group)
            try:
                self.rules.solvers[index].present(group)
            except RecordsMissingError as error:
                missing.append(error)
        if missing:
            message = "\n".join(error.message for error in missing)
            # Sorted: a CA may tell the names of an order in any order, and the same records are no news.
            records = sorted(line for error in missing for line in error.records)
            raise RecordsMissingError(message, records, hint=missing[0].hint)

    def fetch(self, kid: str, urls: Sequence[str]) -> list[Authorization]:
        """Give the authorizations at ``urls``."""
        return each(lambda url: parse_authorization(self.client.post(url, b"", kid=kid), url), urls)

    def look(self, kid: str, urls: Sequence[str]) -> None:
        """Show who watches how each name stands by now; nothing is asked of the CA where nobody does."""
        asked = self.watch.to_look_at(urls)
        if asked:
            self.watch.show(self.fetch(kid, asked))

    def failure(self, authorizations: Sequence[Authorization], error: JsonObject | None) -> AcmeProblemError:
        """Give the error of an order that became invalid: every name that failed, with the CA's reason."""
        self.watch.ended(authorizations)
        lines, hints, names = [], [], []
        for entry in authorizations:
            if entry.status in ("pending", "valid"):
                continue
            reasons = [f"{kind}: {describe(problem)}" for kind, problem in entry.errors.items()] or [entry.status]
            lines.append(f"{to_unicode(entry.name.text)}: {'; '.join(reasons)}")
            names.append(entry.name.text)
            hints += [
                f"{to_unicode(entry.name.text)}: {hint_for(kind_of(problem))}" for problem in entry.errors.values()
            ]
        if not lines:
            reason = describe(error) if error else "no reason was given"
            return AcmeProblemError(kind_of(error or {}), f"the CA refused the order: {reason}")
        message = "the CA could not prove to itself that these names are ours:\n" + "\n".join(lines)
        return UnprovenNamesError(message, tuple(names), hint="\n".join(dict.fromkeys(hints)))

    def _choose(self, entry: Authorization) -> ChallengeBody:
        kind = self.rules.options[self.rules.index_for(entry.name)].type
        for body in entry.challenges:
            if body.chall.to_partial_json().get("type") == kind and body.uri:
                return body
        offered = ", ".join(str(body.chall.to_partial_json().get("type")) for body in entry.challenges) or "none"
        message = f"{to_unicode(entry.name.text)}: the CA takes no {kind} for it; it offers {offered}"
        hint = "choose another type for it in [[issuer.challenges]]"
        raise AcmeProblemError("", message, code="challenge-not-offered", hint=hint)

    def _challenge(self, kid: str, entry: Authorization, body: ChallengeBody) -> Challenge:
        kind = self.rules.options[self.rules.index_for(entry.name)].type
        document = body.chall.to_partial_json()
        if kind == "dns-persist-01":
            first, *others = self._persisting(kid, entry, document)
            return Challenge(kind, entry.name.text, entry.identifier, "", first, others=tuple(others))
        token = str(document.get("token", ""))
        # RFC 8555 §8.1: base64url and nothing else; it becomes part of a path.
        if not token.replace("-", "").replace("_", "").isalnum() or not token.isascii():
            raise malformed("challenge: its token is not base64url")
        value = f"{token}.{encode_b64jose(self.client.key.thumbprint())}"  # RFC 8555 §8.1
        if kind == "dns-01":
            value = encode_b64jose(hashlib.sha256(value.encode()).digest())  # RFC 8555 §8.4
        return Challenge(kind, entry.name.text, entry.identifier, token, value)

    @staticmethod
    def _persisting(kid: str, entry: Authorization, document: Mapping[str, object]) -> list[str]:
        """Give the records of dns-persist-01 of which one is enough: one for each domain that the CA goes by."""
        domains = document.get("issuer-domain-names")
        if not isinstance(domains, list | tuple) or not domains or not all(_is_domain(str(name)) for name in domains):
            raise malformed("challenge: it names no issuer domain")
        account = str(document.get("accounturi") or kid)
        if not account.isprintable() or any(letter in account for letter in '; "'):
            raise malformed("challenge: its account URI is none")
        wildcard = isinstance(entry.name, DnsName) and entry.name.is_wildcard
        return [build_persist_record(str(domain), account, wildcard=wildcard) for domain in domains]

    def _groups(self, challenges: Sequence[Challenge]) -> list[tuple[int, tuple[Challenge, ...]]]:
        """Give ``challenges`` by the entry that is for their names and types."""
        groups: dict[int, list[Challenge]] = {}
        for challenge in challenges:
            index = choose_challenge(self.rules.options, parse_name(challenge.name))
            if index is not None and self.rules.options[index].type == challenge.type:
                groups.setdefault(index, []).append(challenge)
        return [(index, tuple(group)) for index, group in groups.items()]

    def _remember(self, presented: tuple[Challenge, ...]) -> None:
        self.state = replace(self.state, presented=presented)
        self.file.save(self.state)

    def _clean_up(self) -> None:
        if not self.state.presented:
            return
        left: list[Challenge] = []
        groups = self._groups(self.state.presented)
        covered = {challenge for _, group in groups for challenge in group}
        if orphans := [challenge for challenge in self.state.presented if challenge not in covered]:
            text = "no [[issuer.challenges]] entry is for it any more; take it away by hand"
            self.progress.warn("challenge-left-behind", f"{_names(orphans)}: {text}")
        for index, group in groups:
            try:
                self.rules.solvers[index].clean_up(group)
            except EdgecertError as error:
                self.progress.warn("challenge-left-behind", f"{_names(group)}: {error.message}")
                left += group
        self._remember(tuple(left))


def _is_domain(text: str) -> bool:
    try:
        return bool(normalise_domain(text))
    except NameProblem:
        return False


def _names(challenges: Sequence[Challenge]) -> str:
    names = [to_unicode(challenge.name) for challenge in challenges]
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} more"
