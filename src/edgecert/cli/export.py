"""``edgecert export``: certificate and key as PEM or PKCS#12, for a host that edgecert does not serve."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.cli.common import add_common
from edgecert.cli.session import lineage, wiring_for
from edgecert.shared.atomic import write_file
from edgecert.shared.configfile import read_secret_file
from edgecert.shared.errors import ExitCode, PermissionDeniedError, StoreError, UsageError
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonValue


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export``."""
    add_common(parser)
    parser.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="the certificate; may be left out when there is only one"
    )
    parser.add_argument("--generation", type=int, metavar="N", help="which generation; default: the current one")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--pkcs12", metavar="FILE", help="one PKCS#12 file with key, certificate, chain and friendly name"
    )
    form.add_argument("--pem", metavar="FILE", help="one PEM file with key, certificate and chain")
    form.add_argument(
        "--chain-only", metavar="FILE", help="certificate and chain without the key; allowed for every certificate"
    )
    parser.add_argument(
        "--password-file",
        default="",
        metavar="FILE",
        help="file with the password of the PKCS#12; default: one is generated",
    )
    parser.add_argument(
        "--password-out",
        default="",
        metavar="FILE",
        help="write the generated password to FILE (mode 0600) instead of showing it",
    )
    parser.add_argument(
        "--show-password", action="store_true", help="put the generated password into the --json document too"
    )
    parser.add_argument(
        "--legacy", action="store_true", help="PKCS#12 for Windows Server 2012 R2 and older (3DES, SHA-1): weak"
    )


def run(context: CliContext) -> ExitCode:
    """Do ``export``."""
    args, wiring = context.args, wiring_for(context)
    name = lineage(wiring, args.name)
    number = args.generation if args.generation is not None else wiring.store.current(name)
    if number is None:
        message = f"{name} has no certificate yet"
        raise StoreError(message, code="no-such-generation")
    if not args.chain_only and not wiring.store.load_meta(name, number).exportable:
        message = f"the key of {name} generation {number} is not exportable"
        raise PermissionDeniedError(
            message,
            code="not-exportable",
            hint="--chain-only needs no key; another certificate with exportable = true could be issued",
        )
    bundle = wiring.store.load_bundle(name, number)
    wiring.store.audit(
        "exported", name, generation=number, form="pkcs12" if args.pkcs12 else "pem" if args.pem else "chain"
    )
    if args.pkcs12:
        return _pkcs12(context, bundle, Path(args.pkcs12))
    file = Path(args.pem or args.chain_only)
    write_file(
        file, (bundle.key.reveal() if args.pem else b"") + bundle.fullchain_pem, mode=0o600 if args.pem else 0o644
    )
    context.output.result(
        {"name": name, "generation": number, "file": str(file)}, f"{name} generation {number} written to {file}"
    )
    return ExitCode.OK


def _pkcs12(context: CliContext, bundle: Bundle, file: Path) -> ExitCode:
    args = context.args
    if args.password_file and (args.password_out or args.show_password):
        message = "--password-file gives the password, so there is none to write or show"
        raise UsageError(message)
    generated = not args.password_file
    if generated and context.output.json and not (args.password_out or args.show_password):
        message = "with --json a generated password would be lost: it is not put into the document by itself"
        raise UsageError(message, hint="say --password-out FILE, --password-file FILE or --show-password")
    password = Secret(secrets.token_urlsafe(24).encode()) if generated else read_secret_file(Path(args.password_file))
    if args.legacy:
        context.output.warn("legacy-pkcs12", "3DES and SHA-1 protect this file poorly; delete it after the import")
    from edgecert.model.pkcs12 import build_pkcs12

    write_file(file, build_pkcs12(bundle, password, legacy=args.legacy), mode=0o600)
    document: dict[str, JsonValue] = {
        "name": bundle.meta.name,
        "generation": bundle.meta.generation,
        "file": str(file),
        "password_generated": generated,
    }
    friendly = bundle.meta.friendly_name or bundle.meta.name
    lines = [f'{bundle.meta.name} generation {bundle.meta.generation} written to {file} as "{friendly}"']
    if generated and args.password_out:
        write_file(Path(args.password_out), password.reveal() + b"\n", mode=0o600)
        document["password_file"] = args.password_out
        lines.append(f"  password in {args.password_out}")
    elif generated:
        if args.show_password:
            document["password"] = password.reveal().decode()
        lines.append(f"  password (shown once): {password.reveal().decode()}")
    context.output.result(document, "\n".join(lines))
    return ExitCode.OK
