"""``edgecert config``: files checked without acting on them, and the schema of the flags file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.cli.common import add_common
from edgecert.shared.errors import ConfigError, ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.context import CliContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``config``."""
    add_common(parser)
    parser.add_argument(
        "action", choices=("check", "schema"), help="check FILEs, or print the JSON schema of the flags file"
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="check: flags files (default: that of -c)")
    parser.add_argument("--host-file", action="store_true", help="check: the files are host files, not flags files")


def run(context: CliContext) -> ExitCode:
    """Do ``config``."""
    if context.args.action == "schema":
        return _schema(context)
    return _check(context)


def _schema(context: CliContext) -> ExitCode:
    import json

    from edgecert.model.request import CertificateRequest
    from edgecert.shared.configfile import json_schema

    if context.args.files:
        raise UsageError("config schema takes no FILE")
    schema = json_schema(CertificateRequest)
    context.output.result(schema, json.dumps(schema, indent=2, ensure_ascii=False))
    return ExitCode.OK


def _check(context: CliContext) -> ExitCode:
    from edgecert.settings import check_flags_file, check_host_file

    files = context.args.files or ([context.args.flags_file] if context.args.flags_file else [])
    if not files:
        raise UsageError("config check needs a file", hint="edgecert config check FILE")
    check = check_host_file if context.args.host_file else check_flags_file
    problems = [problem for file in files for problem in check(file)]
    if problems:
        raise ConfigError(problems)
    names = [str(file) for file in files]
    context.output.result({"files": names, "problems": []}, "\n".join(f"{name}: right" for name in names))
    return ExitCode.OK
