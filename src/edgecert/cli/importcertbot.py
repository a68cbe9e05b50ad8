"""``edgecert import --certbot``: lineages that certbot renewed until now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.session import wiring_for, worst
from edgecert.shared.errors import EdgecertError, ExitCode, UsageError
from edgecert.shared.output import error_to_json

if TYPE_CHECKING:
    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.migrate import Migrated, Migrating
    from edgecert.model.certbot import CertbotAccount
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.wiring import Wiring


def run_certbot(context: CliContext) -> ExitCode:
    """Take in the lineages of certbot's directory that ``--name`` names, or all. One that fails stops no other.

    Raises:
        UsageError: options of another kind of import, no such directory or lineage.
    """
    from edgecert.store.certbot import read_certbot

    args, output = context.args, context.output
    if args.file or args.chain or args.trust or args.password_file or not args.exportable:
        message = "--certbot takes in whole lineages, and no file or option of other imports"
        raise UsageError(message, hint="edgecert import --certbot /etc/letsencrypt --name NAME --dry-run")
    lineages = read_certbot(Path(args.certbot), args.name)
    wiring = wiring_for(context)
    migrating = _migrating(wiring)
    done: list[Migrated] = []
    failed: list[tuple[str, EdgecertError]] = []
    for lineage in lineages:
        try:
            done.append(migrating.migrate(lineage, dry_run=args.dry_run))
        except EdgecertError as error:
            failed.append((lineage.name, error))
    document: JsonObject = {
        "dry_run": args.dry_run,
        "certificates": [_shape(wiring, entry) for entry in done],
        "deployments": [],
        "findings": [shapes.finding(finding) for entry in done for finding in entry.plan.findings],
        "failed": [{"certbot": name, "error": error_to_json(error)} for name, error in failed],
    }
    text = "\n".join([*(_human(context, wiring, entry) for entry in done), *_failures(failed)])
    if any(entry.bundle for entry in done):
        text += f"\n{_next(args.certbot, done)}"
    output.result(document, text, error=failed[0][1] if failed else None)
    return worst(error.exit_code for _name, error in failed)


def _migrating(wiring: Wiring) -> Migrating:
    from edgecert.issuers.acme.accountfiles import AccountFiles
    from edgecert.lifecycle.migrate import Migrating
    from edgecert.model.carules import is_staging

    def adopt(directory: str, name: str, account: CertbotAccount) -> None:
        AccountFiles(wiring.state_dir / "accounts", directory, name).adopt(account.key, account.url, account.contact)

    return Migrating(wiring.store, adopt, is_staging, wiring.clock, wiring.progress, wiring.lock_timeout)


def _shape(wiring: Wiring, entry: Migrated) -> JsonObject:
    from edgecert.shared.configfile import encode

    shape = shapes.no_certificate(entry.name)
    if entry.bundle is not None:
        shape = shapes.certificate(wiring.store, entry.bundle.meta)
    return {
        **shape,
        "action": "imported" if entry.bundle else "would-be-imported",
        "certbot": entry.certbot_name,
        "settings": encode(entry.plan.request, defaults=False),
    }


def _human(context: CliContext, wiring: Wiring, entry: Migrated) -> str:
    request = entry.plan.request
    if entry.bundle is not None:
        now = context.clock.now()
        lines = [f"Imported {shapes.describe_certificate(wiring.store, entry.bundle.meta, now)}"]
    else:
        names = (request.topology.access_edge, *request.topology.additional_names)
        lines = [f"{entry.certbot_name} would become {entry.name}: {', '.join(name for name in names if name)}"]
    ways = ", ".join(
        _way(challenge.type, challenge.webroot or challenge.listen) for challenge in request.issuer.challenges
    )
    lines.append(
        f"  renewed at {request.issuer.directory} by {ways or 'nothing yet'}, account {request.issuer.account}"
    )
    for finding in entry.plan.findings:
        lines += [f"  {finding.severity.value}: {finding.message} [{finding.code}]", f"    try: {finding.hint}"]
    return "\n".join(lines)


def _way(kind: str, place: str) -> str:
    return f"{kind} ({place})" if place else kind


def _failures(failed: list[tuple[str, EdgecertError]]) -> list[str]:
    return [f"{name}: FAILED: {error.message}" for name, error in failed]


def _next(directory: str, done: list[Migrated]) -> str:
    first = next(entry for entry in done if entry.bundle)
    return (
        f"next: edgecert renew {first.name} --force --dry-run, then without --dry-run; a [[deploy]] target deploys it\n"
        f"when that works, let certbot go: sudo systemctl disable --now certbot.timer, or for single lineages\n"
        f"  sudo mv {directory}/renewal/{first.certbot_name}.conf {directory}/renewal/{first.certbot_name}.conf.off"
    )
