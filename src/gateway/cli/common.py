"""The options that verbs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every verb takes."""
    group = parser.add_argument_group("every verb")
    group.add_argument(
        "-c", "--config", metavar="FILE", help="configuration (default: /etc/edgecert-gateway/gateway.toml)"
    )
    group.add_argument("--json", action="store_true", help="print one JSON document")
    group.add_argument("-q", "--quiet", action="store_true", help="say only what is wrong")
    group.add_argument("-v", "--verbose", action="count", default=0, help="say more")


def add_socket(parser: argparse.ArgumentParser) -> None:
    """Add ``--socket``, for verbs that speak to a running gateway."""
    parser.add_argument("--socket", metavar="FILE", help="the gateway's socket; default: the one of the configuration")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add ``--dry-run``."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")


def add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    """Add the action ``name`` of a verb that speaks to a running gateway."""
    parser = actions.add_parser(name, help=text, description=text)
    add_common(parser)
    add_socket(parser)
    return parser
