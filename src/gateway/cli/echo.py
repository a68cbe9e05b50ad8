"""``edgecert-gateway echo``: a home system small enough to try an installation with."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_common
from gateway.errors import AddressError
from gateway.model.jid import Jid, parse_domain

if TYPE_CHECKING:
    from gateway.cli.context import GatewayContext

MAX_RATE: Final = 10_000
MAX_PORT: Final = 65535


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``echo``."""
    add_common(parser)
    parser.add_argument(
        "--jid", required=True, type=_domain, metavar="DOMAIN", help="the home domain it is the component of"
    )
    parser.add_argument("--secret-file", required=True, metavar="FILE", help="the component's secret, as in [[home]]")
    parser.add_argument("--host", default="127.0.0.1", help="where the gateway waits for it (default: 127.0.0.1)")
    parser.add_argument("--send-to", type=_jid, metavar="JID", help="also send messages to JID and count the answers")
    parser.add_argument("--rate", type=_rate, default=1.0, metavar="N", help="with --send-to: messages a second (1)")
    parser.add_argument("--count", type=_count, default=0, metavar="N", help="with --send-to: end after N (0: never)")
    parser.add_argument("--port", type=_port, default=5347, help="port of listen in [[home]] (default: 5347)")


def _domain(text: str) -> str:
    try:
        return parse_domain(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(error.message) from None


def _jid(text: str) -> str:
    try:
        Jid.parse(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(error.message) from None
    return text


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= MAX_RATE:
        message = f"{text!r} is no number above 0, {MAX_RATE} at most"
        raise argparse.ArgumentTypeError(message)
    return rate


def _count(text: str) -> int:
    if not text.isdecimal():
        message = f"{text!r} is no number from 0"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MAX_PORT:
        message = f"{text!r} is no port: 1 to {MAX_PORT}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def run(context: GatewayContext) -> ExitCode:
    """Do ``echo`` until it is told to stop."""
    import logging

    from edgecert.shared.configfile import read_secret_file
    from edgecert.shared.logs import configure_logging

    args = context.args
    configure_logging(sys.stderr, level=logging.WARNING if args.quiet else logging.INFO)
    secret = read_secret_file(Path(args.secret_file))
    context.output.step(f"{args.jid}: answering messages at {args.host}:{args.port}; Ctrl-C ends it")
    if args.send_to:
        from gateway.net.talk import Talk, run_talk

        talk = Talk(args.send_to, args.rate, args.count)
        answered = run_talk(args.jid, secret, args.host, args.port, talk, sys.stdout)
        return ExitCode.OK if answered else ExitCode.FAILED
    from gateway.net.echo import run_echo

    run_echo(args.jid, secret, args.host, args.port)
    return ExitCode.OK
