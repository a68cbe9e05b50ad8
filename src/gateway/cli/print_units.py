"""``edgecert-gateway print-units``: what systemd needs to know."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode, UsageError
from gateway.cli.common import add_common

if TYPE_CHECKING:
    import argparse

    from gateway.cli.context import GatewayContext
    from gateway.cli.units import UnitFile

_HIDDEN_BY_THE_SANDBOX = ("/home/", "/root/", "/run/user/")  # ProtectHome=


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``print-units``."""
    add_common(parser)
    parser.add_argument("--output-dir", "-o", metavar="DIR", help="write the files there instead of printing them")
    parser.add_argument("--bin-dir", metavar="DIR", help="where both programs are; default: where this one is")
    parser.add_argument(
        "--writable",
        action="append",
        default=[],
        metavar="DIR",
        help="directory of another service that a target of kind files writes into (may be repeated)",
    )


def run(context: GatewayContext) -> ExitCode:
    """Do ``print-units``."""
    from gateway.cli.units import build_units

    args = context.args
    bin_dir = Path(args.bin_dir).absolute() if args.bin_dir else Path(sys.argv[0]).absolute().parent
    for directory in (str(bin_dir), str(context.config), *args.writable):
        _verify_word(directory)
    if f"{bin_dir}/".startswith(_HIDDEN_BY_THE_SANDBOX):
        context.output.warn(
            "hidden-program",
            f"{bin_dir} is not visible to the services (ProtectHome=yes): install below /opt or /usr/local",
            str(bin_dir),
        )
    files = build_units(bin_dir=str(bin_dir), config=str(context.config.absolute()), writable=args.writable)
    if args.output_dir:
        return _write(context, Path(args.output_dir), files)
    result = {"files": [{"name": file.name, "path": file.path, "text": file.text} for file in files]}
    context.output.result(result, "\n".join(file.text for file in files))
    return ExitCode.OK


def _write(context: GatewayContext, directory: Path, files: tuple[UnitFile, ...]) -> ExitCode:
    from edgecert.shared.atomic import write_file

    try:
        directory.mkdir(parents=True, exist_ok=True)
        for file in files:
            write_file(directory / file.name, file.text.encode(), 0o644)
    except OSError as error:
        message = f"{directory} cannot be written: {error.strerror or error}"
        raise UsageError(message, hint="name a directory that you may write with --output-dir") from None
    lines = [f"install -m 644 {directory / file.name} {file.path}" for file in files]
    closing = ["systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload"]
    context.output.step(f"{len(files)} files written to {directory}; as root:")
    context.output.result(
        {"files": [{"name": file.name, "path": file.path} for file in files], "directory": str(directory)},
        "\n".join([*lines, *closing]),
    )
    return ExitCode.OK


def _verify_word(text: str) -> None:
    """Refuse what would mean something else in a unit: white space, quotes, specifiers."""
    if not text.startswith("/") or any(character in " \t\n\"'\\%$;" for character in text):
        raise UsageError(f"{text!r} cannot stand in a unit", hint="use an absolute path without spaces, quotes, % or $")
