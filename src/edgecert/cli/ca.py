"""``edgecert ca``: the built-in local CA."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.cli.common import add_common
from edgecert.cli.session import wiring_for
from edgecert.shared.atomic import write_file
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.issuers.local import LocalCa
    from edgecert.shared.jsonvalue import JsonObject


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ca``."""
    add_common(parser)
    parser.add_argument(
        "action",
        choices=("show", "export", "extend"),
        help="show it, export its root for others to trust, or allow further domains",
    )
    parser.add_argument("domains", nargs="*", metavar="DOMAIN", help="extend: domains the CA may issue for from now on")
    parser.add_argument("--limited", action="store_true", help="export: the root with the name constraints in it")
    parser.add_argument(
        "--output", "-o", default="", metavar="FILE", help="export: where the root is written; default: standard output"
    )


def run(context: CliContext) -> ExitCode:
    """Do ``ca``."""
    args = context.args
    ca = wiring_for(context).local_ca()
    if args.domains and args.action != "extend":
        message = f"ca {args.action} takes no domains"
        raise UsageError(message)
    match args.action:
        case "show":
            facts = ca.show().to_json()
            context.output.result(facts, _facts(facts))
        case "export":
            _export(context, ca)
        case _:
            if not args.domains:
                message = "ca extend needs at least one domain"
                raise UsageError(message, hint="edgecert ca extend fabrikam.example")
            facts = ca.extend(tuple(args.domains)).to_json()
            context.output.result(
                facts,
                f"the local CA may now issue for {', '.join(args.domains)} too; who trusts its root need do nothing",
            )
    return ExitCode.OK


def _export(context: CliContext, ca: LocalCa) -> None:
    pem = ca.export_root(limited=context.args.limited)
    file = context.args.output
    if file:
        from cryptography import x509

        from edgecert.issuers.trustadvice import trust_instructions

        write_file(Path(file), pem, mode=0o644)
        text = f"root written to {file}\n{trust_instructions(x509.load_pem_x509_certificate(pem), file)}"
    else:
        text = pem.decode().rstrip()
    context.output.result({"file": file or None, "root": pem.decode()}, text)


def _facts(facts: JsonObject, indent: str = "") -> str:
    lines = []
    for key, value in facts.items():
        label = f"{indent}{key.replace('_', ' ')}:"
        if isinstance(value, Mapping):
            lines += [label, _facts(value, f"{indent}  ")]
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append(f"{label} {text or 'none'}")
    return "\n".join(lines)
