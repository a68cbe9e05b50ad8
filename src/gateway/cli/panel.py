"""``edgecert-gateway panel``: the control panel on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode, UsageError
from edgecert.shared.terminal import has_terminal, state_home
from gateway.cli.common import add_common, add_socket

if TYPE_CHECKING:
    import argparse

    from gateway.cli.context import GatewayContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``panel``."""
    add_common(parser)
    add_socket(parser)
    parser.add_argument(
        "--theme", default="", metavar="NAME", help="colours; ansi-dark and ansi-light are the terminal's own"
    )
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")


def run(context: GatewayContext) -> ExitCode:
    """Do ``panel``."""
    if context.output.json or not has_terminal(context.environ):
        raise UsageError(
            "the panel needs a terminal that can show pages",
            hint="edgecert-gateway status, streams, queue, partner and contacts tell and do the same by lines",
        )
    from gateway.panel.desk import open_desk

    desk = open_desk(lambda changing: context.client(changing=changing))
    from gateway.panel.app import PanelApp

    theme_file = state_home(context.environ) / "theme"
    app = PanelApp(desk, context.clock, theme=context.args.theme, theme_file=theme_file)
    return app.run(mouse=not context.args.no_mouse) or ExitCode.OK
