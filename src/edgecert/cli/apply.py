"""``edgecert apply`` and ``edgecert issue``: make the world equal the flags file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.common import add_common, add_dry_run, add_request_options, resolve_request
from edgecert.cli.discover import add_prechecks
from edgecert.cli.session import wiring_for, worst
from edgecert.interfaces import DeployOptions
from edgecert.shared.clock import format_time
from edgecert.shared.errors import ExitCode, NamesRefusedError
from edgecert.shared.output import error_to_json

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.apply import Applied
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``apply``."""
    configure_issue(parser)
    parser.add_argument(
        "--allow-drop",
        action="store_true",
        help="let the gateway stop serving domains that this certificate no longer covers",
    )
    parser.add_argument(
        "--close-old-streams",
        choices=("keep", "drain", "now"),
        default="keep",
        help="what becomes of streams that began with the old certificate",
    )


def configure_issue(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that ``issue`` and ``apply`` share."""
    add_common(parser)
    add_dry_run(parser)
    add_request_options(parser)
    add_prechecks(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="issue even if the certificate is still good, or the DNS or a limit that can be raised is against it",
    )
    parser.add_argument(
        "--repack", action="store_true", help="split the names anew instead of keeping them where they are"
    )
    parser.add_argument(
        "--take-over", action="store_true", help="take a deploy target away from the certificate that has it"
    )


def run(context: CliContext) -> ExitCode:
    """Do ``apply``."""
    return run_with(context, deploy=True)


def run_with(context: CliContext, *, deploy: bool) -> ExitCode:
    """Do ``apply``, or without ``deploy`` the part of it that is ``issue``."""
    from edgecert.lifecycle.apply import ApplyOptions, Origin

    args, output = context.args, context.output
    resolved = resolve_request(context)
    wiring = wiring_for(context)
    options = ApplyOptions(
        deploy=deploy,
        force=args.force,
        dry_run=args.dry_run,
        repack=args.repack,
        take_over=args.take_over,
        deploying=DeployOptions(
            allow_drop=getattr(args, "allow_drop", False), close_old_streams=getattr(args, "close_old_streams", "keep")
        ),
    )
    origin = Origin(str(resolved.flags_file) if resolved.flags_file else "", resolved.digest)
    try:
        applied = wiring.applying.apply(resolved.request, origin, options)
    except NamesRefusedError as refused:
        _add_way_on(refused, resolved.request, context)
        raise
    error = next((entry.error for entry in applied if entry.error is not None), None)
    if isinstance(error, NamesRefusedError):
        _add_way_on(error, resolved.request, context)
    text = _human(wiring, applied, context, deploy=deploy)
    output.result(_result(wiring, applied, dry_run=args.dry_run), text, error=error)
    return worst(_code(entry) for entry in applied)


def _add_way_on(error: NamesRefusedError, request: CertificateRequest, context: CliContext) -> None:
    from edgecert.cli.without import way_on_without

    error.hint = "\n".join(filter(None, (error.hint, way_on_without(request, error.names, context.argv))))


def _code(entry: Applied) -> ExitCode:
    if entry.error is not None:
        return entry.error.exit_code
    return ExitCode.WAITING if entry.outcome.newly_waiting else ExitCode.OK


def _result(wiring: Wiring, applied: tuple[Applied, ...], *, dry_run: bool) -> dict[str, JsonValue]:
    return {
        "dry_run": dry_run,
        "certificates": [_certificate(wiring, entry) for entry in applied],
        "deployments": [shapes.target_result(result) for entry in applied for result in entry.deployments],
    }


def _certificate(wiring: Wiring, entry: Applied) -> dict[str, JsonValue]:
    outcome = entry.outcome
    shape = shapes.no_certificate(entry.name)
    if outcome.bundle is not None:
        shape = shapes.certificate(wiring.store, outcome.bundle.meta)
    shape |= {"action": outcome.action, "reason": entry.reason or None, "settings_changed": entry.settings_changed}
    if outcome.request is not None:
        shape |= {"request_id": outcome.request.id, "request_file": outcome.request.request_file or None}
    if outcome.records:
        shape["records"] = list(outcome.records)
    if entry.error is not None:
        shape["error"] = error_to_json(entry.error)
    return shape


def _human(wiring: Wiring, applied: tuple[Applied, ...], context: CliContext, *, deploy: bool) -> str:
    return "\n".join(_part(wiring, entry, context, deploy=deploy) for entry in applied)


def _part(wiring: Wiring, entry: Applied, context: CliContext, *, deploy: bool) -> str:
    outcome = entry.outcome
    if context.args.dry_run:
        what = f"would be issued: {entry.reason}" if entry.reason else "is as the flags file says"
        saved = "; its settings would be saved" if entry.settings_changed else ""
        where = (
            f"; would be deployed to {', '.join(entry.targets)}" if deploy and entry.targets and entry.reason else ""
        )
        return f"{entry.name} {what}{saved}{where}"
    if entry.error is not None and not entry.deployments:
        return f"{entry.name}: FAILED: {entry.error.message}"
    if outcome.action == "waiting":
        file = outcome.request.request_file if outcome.request else ""
        if outcome.records:
            return f"{entry.name}: {outcome.message}\n  the same in: {file}"
        return f"{entry.name}: {outcome.message}\n  CSR: {file}\n  next: edgecert import ANSWER"
    if outcome.bundle is None:
        return f"{entry.name}: nothing to do"
    meta = outcome.bundle.meta
    lines = []
    if outcome.action == "unchanged":
        changed = " (settings saved)" if entry.settings_changed else ""
        lines.append(
            f"{entry.name}: already valid until {format_time(meta.not_after)}, generation {meta.generation}{changed}"
        )
    else:
        lines.append(f"Issued {shapes.describe_certificate(wiring.store, meta, context.clock.now())}")
    if entry.deployments:
        lines.append(shapes.describe_targets(entry.deployments))
    elif entry.targets and not deploy:
        lines.append(f"  next: edgecert deploy {entry.name}")
    return "\n".join(lines)
