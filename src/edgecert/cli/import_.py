"""``edgecert import``: what the CA sent, into the store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.common import add_common, add_dry_run
from edgecert.cli.session import wiring_for
from edgecert.shared.configfile import read_secret_file
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from cryptography import x509

    from edgecert.cli.common import CliContext
    from edgecert.model.answer import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import``."""
    add_common(parser)
    add_dry_run(parser)
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="",
        help="the CA's answer: PEM, DER, PKCS#7 or PKCS#12, certificates in any order; - reads standard input",
    )
    parser.add_argument(
        "--certbot",
        nargs="?",
        const="/etc/letsencrypt",
        default="",
        metavar="DIR",
        help="take over certbot's lineages: settings, account, key and certificate; nothing of certbot's is changed",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="the lineage; needed for a foreign PKCS#12, else found by the public key; with --certbot one of certbot's "
        "(may be repeated; default: all)",
    )
    parser.add_argument(
        "--chain", action="append", default=[], metavar="FILE", help="further certificates to build the chain from"
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="FILE",
        help="roots that the chain should end at; default: the system's",
    )
    parser.add_argument(
        "--accept-names", action="store_true", help="take it although the names differ from those asked for"
    )
    parser.add_argument("--password-file", default="", metavar="FILE", help="file with the password of a PKCS#12")
    parser.add_argument("--friendly-name", default="", help="friendly name of a foreign certificate")
    parser.add_argument(
        "--no-exportable",
        dest="exportable",
        action="store_false",
        help="keep a foreign key wrapped and refuse to export it",
    )


def run(context: CliContext) -> ExitCode:
    """Do ``import``."""
    if context.args.certbot:
        from edgecert.cli.importcertbot import run_certbot

        return run_certbot(context)
    from edgecert.lifecycle.intake import Intake, IntakeOptions
    from edgecert.model.answer import parse_answer

    args = context.args
    if not args.file or len(args.name) > 1:
        message = "import takes one FILE, and one name for it"
        raise UsageError(message, hint="edgecert import ANSWER, or edgecert import --certbot DIR")
    wiring = wiring_for(context)
    answer = parse_answer(
        _read(args.file), password=read_secret_file(Path(args.password_file)) if args.password_file else None
    )
    if args.dry_run:
        return _dry_run(context, answer)
    options = IntakeOptions(
        name=args.name[0] if args.name else "",
        extra=_certificates(args.chain),
        roots=_certificates(args.trust) if args.trust else _system_roots(),
        accept_names=args.accept_names,
        exportable=args.exportable,
        friendly_name=args.friendly_name,
    )
    outcome = Intake(wiring.store, context.clock, context.output, wiring.lock_timeout).take(answer, options)
    bundle = outcome.bundle
    if bundle is None:
        return ExitCode.FAILED
    shape = shapes.certificate(wiring.store, bundle.meta) | {"action": "imported"}
    found = [shapes.finding(entry) for entry in outcome.findings]
    described = shapes.describe_certificate(wiring.store, bundle.meta, context.clock.now())
    text = f"Imported {described}\n  next: edgecert deploy {outcome.name}"
    context.output.result({"certificates": [shape], "deployments": [], "findings": found}, text)
    return ExitCode.OK


def _dry_run(context: CliContext, answer: Answer) -> ExitCode:
    subjects = [certificate.subject.rfc4514_string() for certificate in answer.certificates]
    text = f"{len(subjects)} certificates{' and a key' if answer.key else ''}: {'; '.join(subjects)}"
    context.output.result({"dry_run": True, "subjects": subjects, "key": answer.key is not None}, text)
    return ExitCode.OK


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise UsageError(message, code="unreadable-file") from error


def _certificates(files: list[str]) -> tuple[x509.Certificate, ...]:
    from edgecert.shared.chain import parse_certificates

    return tuple(certificate for file in files for certificate in parse_certificates(_read(file)))


def _system_roots() -> tuple[x509.Certificate, ...] | None:
    from edgecert.shared.systemroots import load_system_roots

    return load_system_roots()
