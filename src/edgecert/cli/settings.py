"""``edgecert settings``: a lineage's saved settings, shown or changed without issuing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgecert.cli.common import add_common, add_dry_run
from edgecert.cli.session import lineage, settings_of, wiring_for
from edgecert.settings import change_request
from edgecert.shared.configfile import encode, to_toml
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``settings``."""
    add_common(parser)
    add_dry_run(parser)
    parser.add_argument("action", choices=("show", "set"), help="show them, or set KEY=VALUE")
    parser.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="the certificate; may be left out when there is only one"
    )
    parser.add_argument(
        "changes", nargs="*", metavar="KEY=VALUE", help="such as renewal.renew_before=20d; lists are comma-separated"
    )


def run(context: CliContext) -> ExitCode:
    """Do ``settings``."""
    args, wiring = context.args, wiring_for(context)
    if "=" in args.name:
        args.changes, args.name = [args.name, *args.changes], ""
    name = lineage(wiring, args.name)
    if args.action == "show":
        if args.changes:
            message = "settings show takes no KEY=VALUE"
            raise UsageError(message, hint=f"edgecert settings set {name} {' '.join(args.changes)}")
        request = settings_of(wiring, name).request
        context.output.result({"name": name, "settings": encode(request)}, to_toml(encode(request)).rstrip())
        return ExitCode.OK
    return _set(context, wiring, name)


def _set(context: CliContext, wiring: Wiring, name: str) -> ExitCode:
    args = context.args
    if not args.changes or any("=" not in change for change in args.changes):
        message = "settings set needs KEY=VALUE"
        raise UsageError(message, hint=f"edgecert settings set {name} renewal.renew_before=20d")
    with wiring.store.lock(name, wiring.lock_timeout):
        saved = settings_of(wiring, name)
        request = change_request(saved.request, dict(change.split("=", 1) for change in args.changes))
        if request.certificate.name != saved.request.certificate.name:
            message = "a certificate is not renamed by its settings"
            raise UsageError(message, hint=f"edgecert rename {name} NEW")
        changed = request != saved.request
        if changed and not args.dry_run:
            wiring.store.save_settings(name, replace(saved, request=request, saved_at=context.clock.now()))
            wiring.store.audit(
                "settings-changed", name, changes=" ".join(change.split("=", 1)[0] for change in args.changes)
            )
    verb = "would be saved" if args.dry_run else "saved"
    text = f"{name}: settings {verb}; the next renewal obeys them" if changed else f"{name}: nothing changes"
    context.output.result(
        {"name": name, "changed": changed, "dry_run": args.dry_run, "settings": encode(request)}, text
    )
    return ExitCode.OK
