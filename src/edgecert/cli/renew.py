"""``edgecert renew``: what is due, or what is named with ``--force``; open deployments first."""

from __future__ import annotations

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

    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.renew import RenewResult
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
        "--close-old-streams",
        choices=("keep", "drain", "now"),
        default=None,
        help="what becomes of streams that began with the old certificate (default: keep; now with --replace-key)",
    )


def run(context: CliContext) -> ExitCode:
    """Do ``renew``."""
    from edgecert.lifecycle.renew import RenewOptions

    args, wiring = context.args, wiring_for(context)
    for given, flag in ((args.force, "--force"), (args.replace_key, "--replace-key")):
        if given and not args.names:
            message = f"{flag} needs the names of the certificates to renew"
            raise UsageError(message, hint=f"edgecert renew NAME {flag}")
    names = args.names or wiring.store.lineages()
    options = RenewOptions(
        force=args.force,
        dry_run=args.dry_run,
        replace_key=args.replace_key,
        deploying=DeployOptions(close_old_streams=args.close_old_streams or ("now" if args.replace_key else "keep")),
    )
    results = []
    for name in names:
        _warn_of_changed_flags_file(context, wiring, name)
        results.append(wiring.renewing.renew(name, options))
        _say_way_on(wiring, results[-1])
    document = {"dry_run": args.dry_run, "lineages": [_shape(wiring, result) for result in results]}
    text = (
        "\n".join(_human(context, wiring, result) for result in results)
        or f"there is no certificate in {wiring.state_dir} yet"
    )
    error = next((result.error for result in results if result.error is not None), None)
    context.output.result(document, text, error=error)
    return worst(_code(result) for result in results)


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
    settings = wiring.store.load_settings(name) if name in wiring.store.lineages() else None
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
            until = f"valid until {format_time(meta.not_after)}" if meta else "no certificate"
            return f"{result.name}: {until}{due}"
