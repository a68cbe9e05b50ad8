"""What all verbs share: the context they run in, the options they take, and the resolved request."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.cli.context import CliContext
from edgecert.model.flagnames import flag_names, parse_table_flag
from edgecert.settings import HOST_FILE, explain, explain_json, resolve, resolve_host
from edgecert.shared.commandline import Done
from edgecert.shared.duration import parse_duration
from edgecert.shared.errors import UsageError
from edgecert.shared.schema import KeyKind, OptionInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgecert.settings import HostSettings, ResolvedRequest
    from edgecert.shared.jsonvalue import JsonValue

__all__ = [
    "CliContext",
    "Done",
    "add_common",
    "add_dry_run",
    "add_request_options",
    "given_flags",
    "host_settings",
    "nearest_name",
    "require_flags_file",
    "resolve_request",
]

_OPTION_PREFIX: Final = "option:"


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that every verb has. A verb with verbs of its own adds them to each of those."""
    group = parser.add_argument_group("every verb")
    group.add_argument(
        "-c", "--flags-file", type=Path, metavar="FILE", help="flags file (TOML) that says what is wanted"
    )
    group.add_argument("--state-dir", metavar="DIR", help="where certificates are kept (default: /var/lib/edgecert)")
    group.add_argument(
        "--kek-file", metavar="FILE", help="key that wraps keys which are not exportable (default: /etc/edgecert/kek)"
    )
    group.add_argument(
        "--lock-timeout",
        type=_seconds,
        default=10.0,
        metavar="TIME",
        help="how long to wait for another run (default: 10s)",
    )
    group.add_argument("--json", action="store_true", help="print one JSON document")
    group.add_argument("-y", "--yes", action="store_true", help="answer yes to every question")
    group.add_argument("-q", "--quiet", action="store_true", help="say only what is wrong")
    group.add_argument("-v", "--verbose", action="count", default=0, help="say more")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")


def _seconds(text: str) -> float:
    try:
        return float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text).total_seconds()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_request_options(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each key of the flags file, by its short name and by its dotted path, and ``--explain-config``."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for option, short, dotted in flag_names():
        table = option.path.partition(".")[0]
        if table not in groups:
            groups[table] = parser.add_argument_group(f"flags file: {table}")
        _add_flag(groups[table], option, short, option.help)
        if dotted != short:
            _add_flag(groups[table], option, dotted, argparse.SUPPRESS)
    parser.add_argument("--explain-config", action="store_true", help="print where each value comes from, and stop")


def _add_flag(group: argparse._ArgumentGroup, option: OptionInfo, name: str, text: str) -> None:
    dest, flag = f"{_OPTION_PREFIX}{option.path}", f"--{name}"
    metavar = option.metavar or None
    if option.kind is KeyKind.BOOLEAN:
        action = argparse.BooleanOptionalAction
        group.add_argument(flag, dest=dest, action=action, default=argparse.SUPPRESS, help=text)
    elif option.kind is KeyKind.LIST:
        text = text if text is argparse.SUPPRESS else f"{text} (may be repeated)"
        group.add_argument(
            flag, dest=dest, action="append", default=argparse.SUPPRESS, metavar=metavar or "VALUE", help=text
        )
    elif option.kind is KeyKind.TABLES:
        text = text if text is argparse.SUPPRESS else f"{text}: KEY=VALUE,KEY=VALUE… (may be repeated)"
        group.add_argument(
            flag,
            dest=dest,
            action="append",
            type=partial(_table, option.path),
            default=argparse.SUPPRESS,
            metavar="TABLE",
            help=text,
        )
    else:
        value_type = int if option.kind is KeyKind.INTEGER else str
        choices = list(option.choices) or None
        metavar = metavar or (None if choices else "FILE" if option.type_name == "path" else "VALUE")
        group.add_argument(
            flag, dest=dest, type=value_type, default=argparse.SUPPRESS, choices=choices, metavar=metavar, help=text
        )


def _table(path: str, text: str) -> Mapping[str, JsonValue]:
    try:
        return parse_table_flag(path, text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def given_flags(args: argparse.Namespace) -> dict[str, JsonValue]:
    """Give the keys that the command line sets, by dotted path."""
    flags = {
        name.removeprefix(_OPTION_PREFIX): value
        for name, value in vars(args).items()
        if name.startswith(_OPTION_PREFIX)
    }
    for name in ("state_dir", "kek_file"):
        if vars(args).get(name) is not None:
            flags[name] = str(vars(args)[name])
    return flags


def _host_file(context: CliContext) -> Path:
    return Path(context.environ.get("EDGECERT_HOST_FILE") or HOST_FILE)


def host_settings(context: CliContext) -> HostSettings:
    """Give the host-wide settings, for verbs that take no request.

    Raises:
        ConfigError: the host file, the environment or a flag is wrong.
    """
    flags = {name: value for name, value in given_flags(context.args).items() if "." not in name}
    return resolve_host(flags=flags, environ=context.environ, host_file=_host_file(context))


def resolve_request(context: CliContext) -> ResolvedRequest:
    """Give the request as flags, environment, flags file, host file and defaults make it.

    With ``--explain-config`` it prints that instead and ends the run.

    Raises:
        ConfigError: with everything that is wrong in all of them.
    """
    resolved = resolve(
        flags=given_flags(context.args),
        environ=context.environ,
        flags_file=vars(context.args).get("flags_file"),
        host_file=_host_file(context),
    )
    for name, near in resolved.unknown_environment:
        hint = f"; did you mean {near}?" if near else ""
        context.output.warn("unknown-environment", f"no key has this name{hint}", path=name)
    if vars(context.args).get("explain_config"):
        context.output.result(explain_json(resolved), explain(resolved))
        raise Done
    return resolved


def require_flags_file(context: CliContext) -> Path:
    """Give the flags file that was named.

    Raises:
        UsageError: none was.
    """
    path: Path | None = vars(context.args).get("flags_file")
    if path is None:
        raise UsageError("no flags file given", hint="name one with -c FILE")
    return path


def nearest_name(name: str, known: tuple[str, ...]) -> str:
    """Give the known certificate name nearest to ``name``, or nothing."""
    import difflib

    return next(iter(difflib.get_close_matches(name, known, n=1)), "")
