"""What the wizard has done for it: the use cases behind the verbs, each one call that says what happens on the way.

Every method blocks until it is done. The Textual application calls them in a thread, ``--plain`` as they are.
"""

from __future__ import annotations

import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edgecert.shared.errors import StoreError, UsageError
from edgecert.shared.words import _
from edgecert.wizard.authorities import authority_of
from edgecert.wizard.views import Held, TestRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from edgecert.interfaces import Progress
    from edgecert.lifecycle.apply import Applied
    from edgecert.lifecycle.issue import Outcome
    from edgecert.lifecycle.renew import RenewResult
    from edgecert.lifecycle.results import Staging, TargetResult
    from edgecert.model.discovery import Discovery
    from edgecert.model.request import CertificateRequest, DeployTarget
    from edgecert.shared.bundle import Bundle
    from edgecert.wiring import Wiring
    from edgecert.wizard.views import AnswerGiven, AnswerView


class WiringFactory(Protocol):
    """Makes the wiring of one piece of work, its steps told to ``progress``."""

    def __call__(self, progress: Progress, state_dir: Path | None = None) -> Wiring:
        """Make it, for another state directory than the configured one if one is given."""
        ...


class Silence:
    """A :class:`edgecert.interfaces.Progress` for looking around: nothing happens that would be worth telling."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def warn(self, code: str, message: str, path: str = "") -> None:
        """Say nothing."""


class Work:
    """The use cases for one face of the wizard."""

    def __init__(self, wiring_for: WiringFactory) -> None:
        """Work through what ``wiring_for`` makes."""
        self._wiring_for = wiring_for

    def wiring(self, progress: Progress | None = None) -> Wiring:
        """Give the wiring of one piece of work."""
        return self._wiring_for(progress or Silence())

    def now(self) -> datetime:
        """Give the time."""
        return self.wiring().clock.now()

    def monotonic(self) -> float:
        """Give seconds that never go back, for measuring."""
        return self.wiring().clock.monotonic()

    # --- what there is -------------------------------------------------------------------------------

    def held(self) -> tuple[Held, ...]:
        """Give all lineages."""
        wiring = self.wiring()
        return tuple(self._held(wiring, name) for name in wiring.store.lineages())

    def _held(self, wiring: Wiring, name: str) -> Held:
        store = wiring.store
        number, staged = store.current(name), store.staged(name)
        entries = store.deployments(name).targets
        settings = store.load_settings(name)
        words = ", ".join(f"{entry.target}: {_('open') if entry.open else entry.verdict.value}" for entry in entries)
        return Held(
            name=name,
            meta=None if number is None else store.load_meta(name, number),
            deployed=words or _("nowhere"),
            staged="" if staged is None else f"{staged.generation} → {staged.effective_at:%Y-%m-%d %H:%M}Z",
            requests=tuple(request for request in store.requests(name) if request.state == "open"),
            has_targets=bool(settings and settings.request.deploy),
        )

    def settings_of(self, name: str) -> CertificateRequest | None:
        """Give the saved request of a lineage."""
        settings = self.wiring().store.load_settings(name)
        return settings.request if settings is not None else None

    def assignment_of(self, name: str) -> Mapping[str, int]:
        """Give which names of a lineage were in which part of its split."""
        settings = self.wiring().store.load_settings(name)
        return settings.assignment if settings is not None else {}

    def bundle(self, name: str, generation: int | None = None) -> Bundle:
        """Give a generation, the current one if none is named.

        Raises:
            StoreError: there is none.
        """
        return _bundle(self.wiring(), name, generation)

    def discover(self, domains: Sequence[str], nameservers: Sequence[str] = ()) -> Discovery:
        """Ask the DNS what the edge of ``domains`` looks like.

        Raises:
            NetworkError: this host knows no nameserver.
            NameProblem: a domain is none.
        """
        from edgecert.dns.lookup import Lookup  # noqa: PLC0415  # loads the DNS library
        from edgecert.model.discovery import discover, discovery_questions, follow_up_questions  # noqa: PLC0415
        from edgecert.shared.names import normalise_domain  # noqa: PLC0415

        asked = tuple(dict.fromkeys(normalise_domain(text) for text in domains))
        lookup = Lookup(list(nameservers))
        answers = lookup.ask(discovery_questions(asked))
        return discover(asked, lookup.ask(follow_up_questions(asked, answers)))

    def terms(self, request: CertificateRequest) -> tuple[str, bool]:
        """Ask an ACME directory for its terms of service, and whether it wants an external account binding.

        Raises:
            NetworkError, RefusedError: the CA was not reached, or is none.
        """
        return self.wiring().acme(request).terms()

    # --- getting a certificate -----------------------------------------------------------------------

    def test_run(self, request: CertificateRequest, progress: Progress) -> TestRun:
        """Try ``request`` where it spends nothing: at the CA's directory for tests if it has one, else without asking.

        Nothing of it is kept.

        Raises:
            EdgecertError: what would have gone wrong.
        """
        from edgecert.lifecycle.apply import ApplyOptions, Origin  # noqa: PLC0415  # the first page does not wait for it

        authority = authority_of(request.issuer.directory) if request.issuer.kind == "acme" else None
        if authority is not None and authority.staging:
            return self._staging_run(request, authority.staging, progress)
        if request.issuer.kind == "acme":
            terms, _binding = self._wiring_for(progress).acme(request).terms()
            progress.step(_("the directory answers; its terms: {terms}").format(terms=terms or _("none")))
        applied = self._wiring_for(progress).applying.apply(request, Origin(), ApplyOptions(deploy=True, dry_run=True))
        lines = tuple(
            _("{name}: would be issued ({reason})").format(name=entry.name, reason=entry.reason)
            if entry.reason
            else _("{name}: is as wanted already").format(name=entry.name)
            for entry in applied
        )
        return TestRun(_("this machine"), issued=False, lines=lines)

    def _staging_run(self, request: CertificateRequest, directory: str, progress: Progress) -> TestRun:
        from edgecert.lifecycle.apply import ApplyOptions, Origin  # noqa: PLC0415  # the same

        trial = replace(request, issuer=replace(request.issuer, directory=directory, profile=""), deploy=())
        with tempfile.TemporaryDirectory(prefix="edgecert-trial-") as place:
            wiring = self._wiring_for(progress, Path(place))
            applied = wiring.applying.apply(trial, Origin(), ApplyOptions(deploy=False))
            lines = tuple(
                _("{name}: the CA would sign all {count} names").format(
                    name=entry.name, count=len(entry.outcome.bundle.meta.names)
                )
                for entry in applied
                if entry.outcome.bundle is not None
            )
        _raise_first(applied)
        return TestRun(directory, issued=True, lines=lines)

    def issue(self, request: CertificateRequest, flags_file: Path | None, progress: Progress) -> tuple[Applied, ...]:
        """Get the certificates of ``request``; nothing is deployed. Asked again, it goes on where it stopped.

        Raises:
            EdgecertError: a certificate could not be got.
        """
        from edgecert.lifecycle.apply import ApplyOptions, Origin  # noqa: PLC0415  # the same

        digest = sha256(flags_file.read_bytes()).hexdigest() if flags_file is not None else ""
        origin = Origin(str(flags_file.absolute()) if flags_file is not None else "", digest)
        applied = self._wiring_for(progress).applying.apply(request, origin, ApplyOptions(deploy=False))
        _raise_first(applied)
        return applied

    # --- putting it into service ---------------------------------------------------------------------

    def deploy(self, name: str, progress: Progress, generation: int | None = None) -> tuple[TargetResult, ...]:
        """Put a generation of ``name`` into service at all its targets, each verified by real handshakes.

        Raises:
            EdgecertError: there is nothing to deploy, or nowhere, or it is not fit.
        """
        wiring = self._wiring_for(progress)
        with self._locked(wiring, name) as targets:
            bundle = _bundle(wiring, name, generation)
            wiring.deploying.refuse_unfit(bundle.meta, automatic=False)
            from edgecert.lifecycle.results import first_failure  # noqa: PLC0415  # the same

            results = wiring.deploying.deploy(bundle, targets)
            if first_failure(results) is None:
                wiring.deploying.release(bundle.meta)
        return results

    def stage(self, name: str, when: datetime, progress: Progress) -> Staging:
        """Stage the current generation of ``name`` for ``when``.

        Raises:
            UsageError: the date is past, or behind the certificate's end.
            EdgecertError: there is nothing to deploy, or nowhere, or it is not fit.
        """
        wiring = self._wiring_for(progress)
        with self._locked(wiring, name) as targets:
            bundle = _bundle(wiring, name, None)
            if not wiring.clock.now() < when < bundle.meta.not_after:
                message = _("the date has to lie between now and the end of the certificate")
                raise UsageError(message, code="date")
            wiring.deploying.refuse_unfit(bundle.meta, automatic=False)
            staging = wiring.deploying.stage(bundle, targets, when)
            wiring.deploying.release(bundle.meta)
        return staging

    def rollback(self, name: str, progress: Progress, reason: str) -> tuple[Bundle, tuple[TargetResult, ...]]:
        """Put the previous generation back into service and hold the present one.

        Raises:
            EdgecertError: there is none.
        """
        wiring = self._wiring_for(progress)
        with self._locked(wiring, name) as targets:
            return wiring.deploying.rollback(name, targets, reason=reason)

    def renew(self, name: str, progress: Progress) -> RenewResult:
        """Renew ``name`` now, by its saved settings, and deploy it. An error is part of the result."""
        from edgecert.lifecycle.renew import RenewOptions  # noqa: PLC0415  # only where it is renewed

        return self._wiring_for(progress).renewing.renew(name, RenewOptions(force=True))

    # --- the other tasks -----------------------------------------------------------------------------

    def look_at_answer(self, given: AnswerGiven) -> AnswerView:
        """Look at what a CA sent: which request it answers, the chain as far as it goes, and what is wrong with it.

        Nothing is changed, and a fault is in the view, not raised.
        """
        from edgecert.wizard.looking import look_at_answer  # noqa: PLC0415  # only where it is used

        wiring = self.wiring()
        return look_at_answer(wiring.store, given, _system_roots(), wiring.clock.now())

    def take_answer(self, given: AnswerGiven, progress: Progress, *, accept_names: bool = False) -> Outcome:
        """Complete the request that ``given``, what a CA sent, answers.

        Raises:
            EdgecertError: it fits no request, its chain is broken, its names differ, or it has expired.
        """
        from edgecert.lifecycle.intake import Intake, IntakeOptions  # noqa: PLC0415  # only where it is used
        from edgecert.model.answer import parse_answer  # noqa: PLC0415

        wiring = self._wiring_for(progress)
        extra = parse_answer(given.chain).certificates if given.chain else ()
        options = IntakeOptions(extra=extra, roots=_system_roots(), accept_names=accept_names)
        answer = parse_answer(given.data, password=given.password)
        return Intake(wiring.store, wiring.clock, progress, wiring.lock_timeout).take(answer, options)

    def export(self, name: str, file: Path, *, form: str) -> str:
        """Write the current generation as ``pkcs12``, ``pem`` (key and chain) or ``chain`` (no key); give the password.

        Raises:
            EdgecertError: there is none, or its key is not exportable.
            OSError: the file cannot be written.
        """
        from edgecert.shared.atomic import write_file  # noqa: PLC0415  # only where it is used

        wiring = self.wiring()
        bundle = _bundle(wiring, name, None)
        if form != "chain" and not bundle.meta.exportable:
            message = _("the key of {name} is not exportable").format(name=name)
            raise UsageError(message, code="not-exportable", hint=_("the chain alone can be exported"))
        wiring.store.audit("exported", name, generation=bundle.meta.generation, form=form)
        if form != "pkcs12":
            key = bundle.key.reveal() if form == "pem" else b""
            write_file(file, key + bundle.fullchain_pem, mode=0o600 if form == "pem" else 0o644)
            return ""
        from edgecert.model.pkcs12 import build_pkcs12  # noqa: PLC0415  # only where it is used
        from edgecert.shared.secret import Secret  # noqa: PLC0415

        password = secrets.token_urlsafe(24)
        write_file(file, build_pkcs12(bundle, Secret(password.encode()), legacy=False), mode=0o600)
        return password

    def remove(self, name: str) -> None:
        """Take a lineage away for ever, with its keys.

        Raises:
            UsageError: targets still serve it (code ``in-service``).
        """
        wiring = self.wiring()
        with wiring.store.lock(name, wiring.lock_timeout):
            serving = [entry.target for entry in wiring.store.deployments(name).targets if entry.serving is not None]
            if serving:
                message = _("{name} is in service at {targets}").format(name=name, targets=", ".join(serving))
                raise UsageError(message, code="in-service", hint=f"edgecert remove {name} --in-service")
            count = len(wiring.store.generations(name))
            wiring.store.remove(name)
            wiring.store.audit("removed", name, generations=count)

    @contextmanager
    def _locked(self, wiring: Wiring, name: str) -> Iterator[tuple[DeployTarget, ...]]:
        with wiring.store.lock(name, wiring.lock_timeout):
            settings = wiring.store.load_settings(name)
            targets = settings.request.deploy if settings is not None else ()
            if not targets:
                message = _("{name} has no deploy targets").format(name=name)
                raise StoreError(message, code="no-targets", hint=_("change its request and add one"))
            yield targets


def _raise_first(applied: Sequence[Applied]) -> None:
    for entry in applied:
        if entry.error is not None:
            raise entry.error


def _bundle(wiring: Wiring, name: str, generation: int | None) -> Bundle:
    number = wiring.store.current(name) if generation is None else generation
    if number is None:
        message = _("{name} has no certificate yet").format(name=name)
        raise StoreError(message, code="no-such-generation", hint=_("is it still waiting for the CA?"))
    return wiring.store.load_bundle(name, number)


def _system_roots() -> tuple[x509.Certificate, ...]:
    from edgecert.shared.systemroots import load_system_roots  # noqa: PLC0415  # only where it is used

    return load_system_roots() or ()
