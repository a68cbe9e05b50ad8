"""``edgecert-gateway serve``: the gateway in the foreground, under systemd or by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_common

if TYPE_CHECKING:
    import argparse

    from gateway.cli.context import GatewayContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``serve``."""
    add_common(parser)
    parser.add_argument(
        "--log-format",
        choices=("auto", "line", "json"),
        default="auto",
        help="auto: JSON lines under systemd, else lines for people",
    )


def run(context: GatewayContext) -> ExitCode:
    """Do ``serve`` until SIGTERM or SIGINT."""
    import logging

    from gateway.cli.openfiles import raise_open_files
    from gateway.settings import warn_settings

    settings = context.settings()
    _configure_logging(context)
    logger = logging.getLogger(__name__)
    for warning in (*warn_settings(settings), raise_open_files(settings)):
        if warning:
            logger.warning(warning)
    from gateway.service import run as run_service

    return ExitCode(run_service(settings, reread=context.settings))


def _configure_logging(context: GatewayContext) -> None:
    """Log to stderr; under systemd, whose journal has the time, as JSON lines."""
    import logging
    import sys

    from edgecert.shared.logs import configure_logging

    journal = "JOURNAL_STREAM" in context.environ
    chosen = context.args.log_format
    level = logging.DEBUG if context.args.verbose > 1 else logging.WARNING if context.args.quiet else logging.INFO
    as_json = chosen == "json" or (chosen == "auto" and journal)
    configure_logging(sys.stderr, level=level, json_lines=as_json, timestamps=not journal)
