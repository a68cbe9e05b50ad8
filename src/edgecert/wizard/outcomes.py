"""From what the use cases gave back to the page that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.interfaces import TargetVerdict
from edgecert.lifecycle.results import first_failure
from edgecert.model.findings import Severity
from edgecert.shared.clock import format_time
from edgecert.shared.words import _, plural
from edgecert.wizard.describe import describe_certificate, describe_csr, describe_meta, describe_result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from edgecert.lifecycle.apply import Applied
    from edgecert.lifecycle.issue import Outcome
    from edgecert.lifecycle.renew import RenewResult
    from edgecert.lifecycle.results import Staging, TargetResult
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.bundle import Bundle
    from edgecert.wizard.app import WizardApp
    from edgecert.wizard.views import TestRun


def show_trial(app: WizardApp, trial: TestRun) -> None:
    """Show what a test run came to; the real one is next."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    app.tried = True
    lines = [f"{app.marks.done} {_('The test run went well.')}", "", f"{_('Where')}: {trial.place}", *trial.lines]
    hint = _("Nothing of it was kept. Enter goes back to the summary: issue now.")
    app.close_screen()
    app.show_page()
    app.open_screen(ResultScreen(_("Test run"), lines, next_hint=hint, trial=True))


def show_issued(app: WizardApp, applied: Sequence[Applied], request: CertificateRequest) -> None:
    """Show the certificates that were made, or the requests that a person has to carry."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    if any(entry.outcome.records for entry in applied):
        _show_records(app, applied)
        return
    lines: list[str] = []
    views: list[tuple[str, str]] = []
    deployable: list[str] = []
    waiting = False
    for entry in applied:
        outcome = entry.outcome
        if outcome.action == "waiting" and outcome.request is not None:
            waiting = True
            file = outcome.request.request_file
            lines += [f"{app.marks.done} {entry.name}: {_('key and request are made')}", f"  CSR: {file}"]
            pem = outcome.request.csr_pem
            lines += [f"  {line}" for line in describe_csr(pem)]
            views.append((_("CSR"), "\n".join((*describe_csr(pem), "", pem.decode()))))
        elif outcome.bundle is not None:
            lines += _certificate_lines(app, outcome.bundle, entry.outcome.action)
            views.append(_view(app, outcome.bundle))
            if request.deploy:
                deployable.append(entry.name)
        lines += _finding_lines(app, outcome)
    staging = [entry for entry in applied if entry.outcome.bundle and entry.outcome.bundle.meta.staging_ca]
    if staging:
        deployable = []
        lines.append(f"{app.marks.warning} {_('This is a CA for tests: its certificates are not put into service.')}")
    app.request_is_done()
    hint = _("It waits until you bring the CA's answer: process the pending request then.") if waiting else ""
    if deployable:
        hint = _("Enter puts it into service and looks by real handshakes whether it is served.")
    title = _("Certificate request file") if waiting else _("The certificate is there")
    app.replace_screen(ResultScreen(title, lines, views=views[:3], deployable=deployable, next_hint=hint))


def _show_records(app: WizardApp, applied: Sequence[Applied]) -> None:
    """Show what a person has to publish before the CA is asked to look; the request stays in the making."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    records = [record for entry in applied for record in entry.outcome.records]
    head = _("Publish these DNS records, each beside what is there:")
    hint = _("The order waits for days, and so does the draft. Go on when they are there: they are looked for first.")
    lines = [f"{app.marks.busy} {head}", "", *records]
    app.replace_screen(ResultScreen(_("It waits for you"), lines, next_hint=hint, go_on=True))


def show_taken(app: WizardApp, outcome: Outcome) -> None:
    """Show the certificate that came of a pending request."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    bundle = outcome.bundle
    if bundle is None:  # taking raises instead
        return
    settings = app.work.settings_of(outcome.name)
    lines = _certificate_lines(app, bundle, "imported")
    lines += _finding_lines(app, outcome)
    app.replace_screen(
        ResultScreen(
            _("The request is completed"),
            lines,
            views=[_view(app, bundle)],
            deployable=[outcome.name] if settings and settings.deploy else (),
        )
    )


def show_deployed(app: WizardApp, results: Sequence[TargetResult]) -> None:
    """Show per target and listener what is served now."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    lines = [line for result in results for line in describe_result(result)]
    error = first_failure(results)
    good = all(result.ok for result in results)
    seen = all(result.deployment.verdict is TargetVerdict.SAME for result in results)
    head = f"{app.marks.warning} {_('Not everything is in service.')}"
    if good and seen:
        head = f"{app.marks.done} {_('In service.')}"
    elif good:
        head = f"{app.marks.warning} {_('Handed over. What is served could not be seen everywhere.')}"
    if error is not None:
        lines += ["", error.hint]
    hint = _("Renewal goes on by itself where edgecert renew runs by a timer; it is deployed here each time.")
    app.replace_screen(ResultScreen(_("Into service"), [head, "", *lines], next_hint=hint))


def show_staged(app: WizardApp, stagings: Sequence[Staging], when: datetime) -> None:
    """Show what changes over at a date."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    local = f"{when.astimezone():%Y-%m-%d %H:%M %Z}"
    lines = [f"{app.marks.done} " + _("Staged for {utc} ({local} here).").format(utc=format_time(when), local=local)]
    for staging in stagings:
        if staging.handed:
            lines.append(f"  {_('changes over by itself')}: {', '.join(staging.handed)}")
        if staging.error is not None:
            lines.append(f"  {app.marks.bad} {staging.error.message}")
    lines.append(f"  {_('anywhere else the first edgecert renew after that date deploys it')}")
    app.replace_screen(ResultScreen(_("At a date"), lines))


def show_rolled_back(app: WizardApp, came: tuple[Bundle, Sequence[TargetResult]]) -> None:
    """Show which generation is in service again."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    bundle, results = came
    head = _("Generation {number} is in service again; the other one is held.").format(number=bundle.meta.generation)
    lines = [line for result in results for line in describe_result(result)]
    app.replace_screen(ResultScreen(_("Roll back"), [f"{app.marks.done} {head}", "", *lines]))


def show_renewed(app: WizardApp, result: RenewResult) -> None:
    """Show what a renewal came to."""
    from edgecert.wizard.screens.result import ResultScreen  # noqa: PLC0415  # a page at a time

    lines = []
    if result.certificate is not None:
        wiring = app.work.wiring()
        lines += describe_meta(wiring.store, result.certificate, app.work.now())
    lines += [line for entry in result.deployments for line in describe_result(entry)]
    done = plural("{count} target", "{count} targets", len(result.deployments))
    head = (
        f"{app.marks.done} {_('Renewed')}, {done}"
        if result.error is None
        else f"{app.marks.bad} {result.error.message}"
    )
    if result.action == "waiting":
        head = f"{app.marks.busy} {_('It waits for the answer of the CA.')}"
    app.replace_screen(ResultScreen(_("Renew"), [head, "", *lines]))


def _finding_lines(app: WizardApp, outcome: Outcome) -> list[str]:
    marks = {Severity.ERROR: app.marks.bad, Severity.WARNING: app.marks.warning, Severity.INFO: app.marks.ahead}
    return [f"  {marks[finding.severity]} {finding.message}" for finding in outcome.findings]


def _certificate_lines(app: WizardApp, bundle: Bundle, action: str) -> list[str]:
    wiring = app.work.wiring()
    words = {"unchanged": _("already as wanted"), "imported": _("imported")}.get(action, _("issued"))
    head, *rest = describe_meta(wiring.store, bundle.meta, app.work.now())
    return [f"{app.marks.done} {head}: {words}", *(f"  {line}" for line in rest)]


def _view(app: WizardApp, bundle: Bundle) -> tuple[str, str]:
    text = "\n".join((*describe_certificate(bundle.leaf, now=app.work.now()), "", bundle.fullchain_pem.decode()))
    return _("certificate"), text
