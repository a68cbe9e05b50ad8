"""``edgecert issue``: ``apply`` without deploying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli import apply

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.shared.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``issue``."""
    apply.configure_issue(parser)


def run(context: CliContext) -> ExitCode:
    """Do ``issue``."""
    return apply.run_with(context, deploy=False)
