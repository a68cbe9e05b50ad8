"""``edgecert deploy``: a generation into service now, or staged for a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.common import add_common, add_dry_run
from edgecert.cli.session import lineage, settings_of, wiring_for
from edgecert.interfaces import DeployOptions
from edgecert.lifecycle.results import first_failure
from edgecert.shared import dates
from edgecert.shared.clock import format_time
from edgecert.shared.errors import ExitCode, StoreError, UsageError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.results import TargetResult
    from edgecert.model.request import DeployTarget
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``deploy``."""
    add_common(parser)
    add_dry_run(parser)
    parser.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="the certificate; may be left out when there is only one"
    )
    parser.add_argument("--generation", type=int, metavar="N", help="which generation; default: the newest that is fit")
    parser.add_argument(
        "--target", action="append", default=[], metavar="TARGET", help="only this target of the saved settings"
    )
    parser.add_argument(
        "--effective-date",
        default="",
        metavar="WHEN",
        help="stage it for this date: RFC 3339, or 'YYYY-MM-DD HH:MM' local time",
    )
    parser.add_argument("--cancel-staged", action="store_true", help="withdraw what is staged")
    parser.add_argument(
        "--allow-drop",
        action="store_true",
        help="let the gateway stop serving domains that this certificate no longer covers",
    )
    parser.add_argument("--allow-staging-ca", action="store_true", help="deploy a certificate of a test CA")
    parser.add_argument(
        "--close-old-streams",
        choices=("keep", "drain", "now"),
        default="keep",
        help="what becomes of streams that began with the old certificate",
    )


def run(context: CliContext) -> ExitCode:
    """Do ``deploy``."""
    args, wiring = context.args, wiring_for(context)
    name = lineage(wiring, args.name)
    with wiring.store.lock(name, wiring.lock_timeout):
        targets = _targets(wiring, name, args.target)
        if args.cancel_staged and args.dry_run:
            return _would_cancel(context, wiring, name)
        if args.cancel_staged:
            return _cancel(context, wiring, name, targets)
        bundle = _bundle(wiring, name, args.generation)
        wiring.deploying.refuse_unfit(bundle.meta, automatic=False, allow_staging_ca=args.allow_staging_ca)
        if args.dry_run:
            where = ", ".join(target.name for target in targets)
            text = f"{name} generation {bundle.meta.generation} would be deployed to {where}"
            context.output.result(
                {"dry_run": True, "name": name, "generation": bundle.meta.generation, "targets": []}, text
            )
            return ExitCode.OK
        if args.effective_date:
            return _stage(context, wiring, bundle, targets)
        options = _options(context)
        results = wiring.deploying.deploy(bundle, targets, options)
        if first_failure(results) is None:
            wiring.deploying.release(bundle.meta)
    return report(context, bundle, results)


def report(context: CliContext, bundle: Bundle, results: tuple[TargetResult, ...]) -> ExitCode:
    """Print what a deployment came to and give its exit code."""
    document: dict[str, JsonValue] = {
        "name": bundle.meta.name,
        "generation": bundle.meta.generation,
        "serial": bundle.meta.serial,
        "targets": [shapes.target_result(result) for result in results],
    }
    head = f"{bundle.meta.name} generation {bundle.meta.generation}, serial {bundle.meta.serial}"
    error = first_failure(results)
    context.output.result(document, f"{head}\n{shapes.describe_targets(results)}", error=error)
    return ExitCode.OK if error is None else error.exit_code


def _targets(wiring: Wiring, name: str, wanted: list[str]) -> tuple[DeployTarget, ...]:
    known = settings_of(wiring, name).request.deploy
    if not known:
        message = f"{name} has no deploy targets"
        raise StoreError(message, code="no-targets", hint="add a [[deploy]] table to its flags file and apply it")
    if unknown := [target for target in wanted if target not in {entry.name for entry in known}]:
        message = f"{name} has no target {', '.join(unknown)}; it has {', '.join(entry.name for entry in known)}"
        raise UsageError(message, code="no-such-target")
    return tuple(entry for entry in known if not wanted or entry.name in wanted)


def _bundle(wiring: Wiring, name: str, generation: int | None) -> Bundle:
    if generation is None:
        staged = wiring.store.staged(name)
        generation = wiring.store.current(name) if staged is None else staged.generation
    if generation is None:
        message = f"{name} has no generation that could be deployed"
        raise StoreError(message, code="no-such-generation", hint=f"edgecert show {name}")
    return wiring.store.load_bundle(name, generation)


def _stage(context: CliContext, wiring: Wiring, bundle: Bundle, targets: tuple[DeployTarget, ...]) -> ExitCode:
    when = dates.parse_when(context.args.effective_date)
    if when <= context.clock.now():
        message = f"{dates.both_ways(when)} is past"
        raise UsageError(message, code="date", hint="leave --effective-date out to deploy now")
    if when >= bundle.meta.not_after:
        message = f"{bundle.meta.name} generation {bundle.meta.generation} expires before {dates.both_ways(when)}"
        raise UsageError(message, code="date", hint=f"it is valid until {format_time(bundle.meta.not_after)}")
    staging = wiring.deploying.stage(bundle, targets, when, _options(context))
    handed = staging.handed
    wiring.deploying.release(bundle.meta)
    others = [target.name for target in targets if target.name not in handed]
    lines = [f"{bundle.meta.name} generation {bundle.meta.generation} is staged for {dates.both_ways(when)}"]
    if handed:
        lines.append(f"  changes over by itself: {', '.join(handed)}")
    if others:
        lines.append(f"  deployed by the first renew after that date: {', '.join(others)}")
    document: dict[str, JsonValue] = {
        "name": bundle.meta.name,
        "generation": bundle.meta.generation,
        "effective_at": format_time(when),
        "targets": [],
        "handed_to": list(handed),
    }
    context.output.result(document, "\n".join(lines), error=staging.error)
    return staging.error.exit_code if staging.error else ExitCode.OK


def _options(context: CliContext) -> DeployOptions:
    return DeployOptions(allow_drop=context.args.allow_drop, close_old_streams=context.args.close_old_streams)


def _would_cancel(context: CliContext, wiring: Wiring, name: str) -> ExitCode:
    staged = wiring.store.staged(name)
    generation = staged.generation if staged else None
    text = f"{name}: generation {generation} would be unstaged" if staged else f"{name}: nothing is staged"
    document: dict[str, JsonValue] = {"dry_run": True, "name": name, "generation": generation, "targets": []}
    context.output.result(document, text)
    return ExitCode.OK


def _cancel(context: CliContext, wiring: Wiring, name: str, targets: tuple[DeployTarget, ...]) -> ExitCode:
    staged = wiring.deploying.cancel_staged(name, targets)
    generation = staged.generation if staged else None
    text = f"{name}: generation {generation} is no longer staged" if staged else f"{name}: nothing is staged"
    context.output.result(
        {"name": name, "generation": generation, "cancelled": staged is not None, "targets": []}, text
    )
    return ExitCode.OK
