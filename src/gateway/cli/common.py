"""The options that verbs share."""

from __future__ import annotations

import argparse


def add_common(parser: argparse.ArgumentParser, *, below: bool = False) -> None:
    """Add what every verb takes; ``below`` a verb that has taken it already, what is not given leaves that alone."""

    def default(value: object) -> object:
        return argparse.SUPPRESS if below else value

    group = parser.add_argument_group("every verb")
    group.add_argument(
        "-c",
        "--config",
        default=default(None),
        metavar="FILE",
        help="configuration (default: /etc/edgecert-gateway/gateway.toml)",
    )
    group.add_argument("--json", action="store_true", default=default(value=False), help="print one JSON document")
    group.add_argument(
        "-q", "--quiet", action="store_true", default=default(value=False), help="say only what is wrong"
    )
    group.add_argument("-v", "--verbose", action="count", default=default(0), help="say more")


def add_socket(parser: argparse.ArgumentParser, *, below: bool = False) -> None:
    """Add ``--socket``, for verbs that speak to a running gateway; ``below`` as in :func:`add_common`."""
    text = "the gateway's socket; default: the one of the configuration"
    parser.add_argument("--socket", default=argparse.SUPPRESS if below else None, metavar="FILE", help=text)


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")


def add_actions(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Let a verb that speaks to a running gateway have actions; what all take may stand before them or behind."""
    add_common(parser)
    add_socket(parser)
    return parser.add_subparsers(dest="action", metavar="ACTION", required=True)


def add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    """Add the action ``name`` of such a verb."""
    parser = actions.add_parser(name, help=text, description=text)
    add_common(parser, below=True)
    add_socket(parser, below=True)
    return parser
