"""Showing a CA that names are ours: challenges chosen, published, answered, and always taken away again."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from edgecert.issuers.acme.parallel import each
from edgecert.issuers.acme.problems import AcmeProblemError, describe, hint_for, kind_of, malformed
from edgecert.issuers.acme.wireobjects import parse_authorization
from edgecert.model.challenge import Challenge, choose_challenge
from edgecert.shared.atomic import crash_point
from edgecert.shared.errors import EdgecertError, UsageError
from edgecert.shared.names import DnsName, IpName, parse_name, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from acme.messages import ChallengeBody

    from edgecert.interfaces import ChallengeSolver, Progress
    from edgecert.issuers.acme.client import AcmeClient
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
        kind = self.options[index].type
        if isinstance(name, DnsName) and name.is_wildcard and kind == "http-01":
            message = f"{text} cannot be proven by http-01; a wildcard needs dns-01 (RFC 8555, section 7.1.3)"
            hint = f'add [[issuer.challenges]] with names = ["{text}"] and type = "dns-01" above it'
            raise UsageError(message, code="challenge-unfit", hint=hint)
        if isinstance(name, IpName) and kind == "dns-01":
            message = f"{text} cannot be proven by dns-01; an IP address needs http-01 (RFC 8738, section 7)"
            hint = f'add [[issuer.challenges]] with names = ["{text}"] and type = "http-01" above it'
            raise UsageError(message, code="challenge-unfit", hint=hint)
        return index


@dataclass(slots=True)
class Proving:
    """The challenges of one order; :attr:`state` is kept on disk before anything is published."""

    client: AcmeClient
    rules: Rules
    file: OrderFile
    progress: Progress
    state: OrderState
    asked: frozenset[GeneralName]

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
        pending = [entry for entry in self.fetch(kid, urls) if entry.status == "pending"]
        if any(entry.name not in self.asked for entry in pending):
            raise malformed("order: it wants names to be proven that were not asked for")
        chosen = [(entry, self._choose(entry)) for entry in pending]
        if not chosen:
            return
        challenges = tuple(self._challenge(entry, body) for entry, body in chosen)
        self._remember((*self.state.presented, *(new for new in challenges if new not in self.state.presented)))
        for index, group in self._groups(challenges):
            kind = self.rules.options[index].type
            self.progress.step(f"{kind}: publishing for {_names(group)}")
            self.rules.solvers[index].present(group)
        crash_point("acme-presented")
        each(lambda body: self.client.post(str(body.uri), _ANSWER, kid=kid), [body for _, body in chosen])
        crash_point("acme-answered")
        self.progress.step(f"the CA looks at {len(chosen)} name{'s' if len(chosen) > 1 else ''}")

    def fetch(self, kid: str, urls: Sequence[str]) -> list[Authorization]:
        """Give the authorizations at ``urls``."""
        return each(lambda url: parse_authorization(self.client.post(url, b"", kid=kid), url), urls)

    def failure(self, authorizations: Sequence[Authorization], error: JsonObject | None) -> AcmeProblemError:
        """Give the error of an order that became invalid: every name that failed, with the CA's reason."""
        lines, hints = [], []
        for entry in authorizations:
            if entry.status in ("pending", "valid"):
                continue
            reasons = [f"{kind}: {describe(problem)}" for kind, problem in entry.errors.items()] or [entry.status]
            lines.append(f"{to_unicode(entry.name.text)}: {'; '.join(reasons)}")
            hints += [
                f"{to_unicode(entry.name.text)}: {hint_for(kind_of(problem))}" for problem in entry.errors.values()
            ]
        if not lines:
            reason = describe(error) if error else "no reason was given"
            return AcmeProblemError(kind_of(error or {}), f"the CA refused the order: {reason}")
        message = "the CA could not prove to itself that these names are ours:\n" + "\n".join(lines)
        way_out = (
            "to go on without a name, take it out of [topology] and run the command again; no name is ever dropped"
        )
        return AcmeProblemError(
            "", message, code="acme-challenge-failed", hint="\n".join((*dict.fromkeys(hints), way_out))
        )

    def _choose(self, entry: Authorization) -> ChallengeBody:
        kind = self.rules.options[self.rules.index_for(entry.name)].type
        for body in entry.challenges:
            if body.chall.to_partial_json().get("type") == kind and body.uri:
                return body
        offered = ", ".join(str(body.chall.to_partial_json().get("type")) for body in entry.challenges) or "none"
        message = f"{to_unicode(entry.name.text)}: the CA takes no {kind} for it; it offers {offered}"
        hint = "choose another type for it in [[issuer.challenges]]"
        raise AcmeProblemError("", message, code="challenge-not-offered", hint=hint)

    def _challenge(self, entry: Authorization, body: ChallengeBody) -> Challenge:
        kind = self.rules.options[self.rules.index_for(entry.name)].type
        chall, key = body.chall, self.client.key
        token = str(chall.encode("token"))
        # RFC 8555 §8.1: base64url and nothing else; it becomes part of a path.
        if not token.replace("-", "").replace("_", "").isalnum() or not token.isascii():
            raise malformed("challenge: its token is not base64url")
        value = chall.validation(key) if kind == "dns-01" else chall.key_authorization(key)
        return Challenge(kind, entry.name.text, entry.identifier, token, str(value))

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


def _names(challenges: Sequence[Challenge]) -> str:
    names = [to_unicode(challenge.name) for challenge in challenges]
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} more"
