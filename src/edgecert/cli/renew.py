"""``edgecert renew``: what is due, or what is named with ``--force``; open deployments first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.common import add_common, add_dry_run
from edgecert.cli.discover import add_prechecks
from edgecert.cli.session import flags_file_changed, wiring_for, worst
from edgecert.interfaces import DeployOptions
from edgecert.shared.clock import format_time
from edgecert.shared.errors import ExitCode, NamesRefusedError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.nextkey import NextKey
    from edgecert.lifecycle.renew import RenewOptions, RenewResult
    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``renew``."""
    add_common(parser)
    add_dry_run(parser)
    add_prechecks(parser)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these certificates")
    parser.add_argument("--force", action="store_true", help="renew those named although they are not due")
    parser.add_argument(
        "--replace-key",
        action="store_true",
        help="renew those named now, with a new key even where keys are kept; for a key that may be known to others",
    )
    parser.add_argument(
        "--prepare-key",
        action="store_true",
        help="make the next key of those named and renew nothing: its TLSA record can then be published first",
    )
    parser.add_argument(
        "--watch", action="store_true", help="stay as a service, and look when something is due (SIGHUP: at once)"
    )
    parser.add_argument(
        "--metrics-file",
        type=Path,
        metavar="FILE",
        help="write how all renewals stand, for the textfile collector of Prometheus' node_exporter",
    )
    parser.add_argument(
        "--close-old-streams",
        choices=("keep", "drain", "now"),
        default=None,
        help="what becomes of streams that began with the old certificate (default: keep; now with --replace-key)",
    )


def run(context: CliContext) -> ExitCode:
    """Do ``renew``."""
    from edgecert.lifecycle.renew import RenewOptions

    args, wiring = context.args, wiring_for(context)
    asked = ((args.force, "--force"), (args.replace_key, "--replace-key"), (args.prepare_key, "--prepare-key"))
    for given, flag in asked:
        if given and not args.names:
            message = f"{flag} needs the names of the certificates to renew"
            raise UsageError(message, hint=f"edgecert renew NAME {flag}")
    options = RenewOptions(
        force=args.force,
        dry_run=args.dry_run,
        replace_key=args.replace_key,
        deploying=DeployOptions(close_old_streams=args.close_old_streams or ("now" if args.replace_key else "keep")),
    )
    if args.watch:
        return _watch(context, options)
    if args.prepare_key:
        return _prepare(context, wiring)
    results = list(_renew(context, wiring, options))
    _write_metrics(context, wiring, results)
    document = {"dry_run": args.dry_run, "lineages": [_shape(wiring, result) for result in results]}
    text = (
        "\n".join(_human(context, wiring, result) for result in results)
        or f"there is no certificate in {wiring.state_dir} yet"
    )
    error = next((result.error for result in results if result.error is not None), None)
    context.output.result(document, text, error=error)
    return worst(_code(result) for result in results)


def _prepare(context: CliContext, wiring: Wiring) -> ExitCode:
    """Make the next keys of those that were named."""
    args = context.args
    if args.force or args.replace_key:
        message = "--prepare-key renews nothing now"
        raise UsageError(message, hint="leave --force and --replace-key out")
    made = [wiring.next_keys.prepare(name, dry_run=args.dry_run) for name in args.names]
    lines = [_say_key(key, dry_run=args.dry_run) for key in made]
    document = {
        "dry_run": args.dry_run,
        "keys": [
            {
                "name": key.name,
                "made": key.made,
                "request_id": key.request.id if key.request else None,
                "public_key_sha256": key.request.spki_sha256 if key.request else None,
            }
            for key in made
        ],
    }
    context.output.result(document, "\n".join(lines))
    return ExitCode.OK


def _say_key(key: NextKey, *, dry_run: bool) -> str:
    made = "would be made" if dry_run else "is made"
    text = f"{key.name}: the next key {made if key.made else 'is there already'}"
    if key.request is None:
        return text
    how = f"edgecert dns show {key.name} --tlsa"
    return f"{text}, public key sha256 {key.request.spki_sha256}\n  its TLSA record: {how}"


def _watch(context: CliContext, options: RenewOptions) -> ExitCode:
    """Stay, and look again when something is due; each look opens the store anew, for others change it meanwhile."""
    from edgecert.cli.watch import Watch

    args = context.args
    wirings: list[Wiring] = []

    def look() -> Iterator[RenewResult]:
        wirings[:] = [wiring_for(context)]
        return _renew(context, wirings[0], options)

    def tell(result: RenewResult) -> None:
        shape = {"lineages": [_shape(wirings[0], result)]}
        context.output.line(shape, _human(context, wirings[0], result), error=result.error)

    def soonest(names: Iterable[str]) -> datetime | None:
        return wirings[0].store.scan_index.soonest(names)

    if args.names or args.force or args.replace_key or args.prepare_key or args.dry_run:
        message = "--watch looks after all certificates, when they are due"
        raise UsageError(message, hint="leave names, --force, --replace-key and --dry-run out")
    watch = Watch(
        context,
        look,
        tell,
        finish=lambda results: _write_metrics(context, wirings[0], results),
        soonest=soonest,
    )
    return watch.run()


def _write_metrics(context: CliContext, wiring: Wiring, results: list[RenewResult]) -> None:
    path = context.args.metrics_file
    if path is None or context.args.names or context.args.dry_run:
        return
    from edgecert.cli.metricsfile import write_metrics

    try:
        write_metrics(path, wiring, results, now=context.clock.now())
    except OSError as error:
        context.output.warn("metrics-not-written", f"the metrics could not be written: {error.strerror}", str(path))


def _renew(context: CliContext, wiring: Wiring, options: RenewOptions) -> Iterator[RenewResult]:
    """Renew those that were named, or what is due among all."""
    if context.args.names:
        results: Iterator[RenewResult] = (wiring.renewing.renew(name, options) for name in context.args.names)
    else:
        results = wiring.scanning.scan(wiring.store.lineages(), options)
    for result in results:
        if result.certificate is not None:
            _warn_of_changed_flags_file(context, wiring, result.name)
        _say_way_on(wiring, result)
        yield result


def _say_way_on(wiring: Wiring, result: RenewResult) -> None:
    """Add to an error about single names the commands that go on without them."""
    if not isinstance(result.error, NamesRefusedError):
        return
    settings = wiring.store.load_settings(result.name)
    if settings is not None:
        from edgecert.cli.without import way_on_of_saved

        error = result.error
        way_on = way_on_of_saved(result.name, settings.request, error.names)
        error.hint = "\n".join(filter(None, (error.hint, way_on)))


def _code(result: RenewResult) -> ExitCode:
    if result.error is not None:
        return result.error.exit_code
    return ExitCode.WAITING if result.newly_waiting else ExitCode.OK


def _warn_of_changed_flags_file(context: CliContext, wiring: Wiring, name: str) -> None:
    settings = wiring.store.load_settings(name)
    if settings is None:
        return
    if flags_file_changed(settings):
        how = f"edgecert apply -c {settings.flags_file}"
        text = f"changed since it was applied; renew obeys the saved settings. To use the file: {how}"
        context.output.warn("flags-file-not-applied", text, settings.flags_file)


def _shape(wiring: Wiring, result: RenewResult) -> dict[str, JsonValue]:
    error = result.error
    return {
        "name": result.name,
        "action": result.action,
        "due_at": format_time(result.due_at) if result.due_at else None,
        "explanation_url": result.explanation_url or None,
        "not_after": format_time(result.not_after) if result.not_after else None,
        "error": {"code": error.code, "message": error.message, "hint": error.hint} if error else None,
        "certificate": shapes.certificate(wiring.store, result.certificate) if result.certificate else None,
        "deployments": [shapes.target_result(entry) for entry in result.deployments],
        **({"records": list(result.records)} if result.records else {}),
    }


def _human(context: CliContext, wiring: Wiring, result: RenewResult) -> str:
    due = f", renews on {format_time(result.due_at)}" if result.due_at else ""
    targets = f"\n{shapes.describe_targets(result.deployments)}" if result.deployments else ""
    meta = result.certificate
    match result.action:
        case "failed":
            error = result.error
            return f"{result.name}: FAILED: {error.message if error else ''}"
        case "waiting" if result.records:
            lines = "\n".join(result.records)
            return f"{result.name}: waits for these DNS records, then run edgecert renew again:\n{lines}{targets}"
        case "waiting":
            return (
                f"{result.name}: waits for the CA's answer to its open request (edgecert show {result.name}){targets}"
            )
        case "renewed" if context.args.dry_run:
            return f"{result.name}: would be renewed{due}"
        case "renewed" if meta is not None:
            return f"Renewed {shapes.describe_certificate(wiring.store, meta, context.clock.now())}{targets}"
        case "deployed":
            return f"{result.name}: an open deployment was finished{due}{targets}"
        case _:
            until = f"valid until {format_time(result.not_after)}" if result.not_after else "no certificate"
            return f"{result.name}: {until}{due}"
