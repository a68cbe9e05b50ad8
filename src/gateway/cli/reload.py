"""``edgecert-gateway reload``: what SIGHUP does, with an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_common, add_socket
from gateway.model.answers import texts

if TYPE_CHECKING:
    import argparse

    from gateway.cli.context import GatewayContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``reload``."""
    add_common(parser)
    add_socket(parser)


def run(context: GatewayContext) -> ExitCode:
    """Do ``reload``."""
    answer = context.client(changing=True).post("/v1/reload", {})
    notes = texts(answer.get("notes"))
    context.output.result(answer, "\n".join(["reloaded", *(f"  {note}" for note in notes)]))
    return ExitCode.OK
