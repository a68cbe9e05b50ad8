"""``edgecert wizard``: pages on a terminal, or with ``--plain`` the same questions as lines."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.cli.common import add_common, add_request_options, host_settings, resolve_request
from edgecert.cli.session import wiring_for
from edgecert.shared.errors import ConfigError, EdgecertError, ExitCode, UsageError
from edgecert.shared.terminal import has_terminal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from edgecert.cli.common import CliContext
    from edgecert.model.request import CertificateRequest
    from edgecert.wizard.session import WizardSession

_NAME: Final = "option:certificate.name"
_STAND_IN: Final = "edge"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``wizard``."""
    add_common(parser)
    add_request_options(parser)
    parser.add_argument("--plain", action="store_true", help="ask by lines instead of pages")
    parser.add_argument(
        "--theme", default="", metavar="NAME", help="colours; ansi-dark and ansi-light are the terminal's own"
    )
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")


def run(context: CliContext) -> ExitCode:
    """Do ``wizard``."""
    plain = bool(context.args.plain)
    require_terminal(context.environ, plain=plain)
    from edgecert.wizard.drafts import Drafts
    from edgecert.wizard.work import Work

    start = _start(context)
    work = Work(lambda progress, state_dir=None: wiring_for(context, progress, state_dir))
    drafts = Drafts.of(Path(host_settings(context).state_dir), context.environ)

    def new_session() -> WizardSession:
        from edgecert.wizard.session import WizardSession  # the first page does not wait for it

        return WizardSession(Path.cwd(), start=start, known=frozenset(work.wiring().store.lineages()))

    if plain:
        from edgecert.wizard.plain import PlainWizard

        return PlainWizard(new_session, work, drafts, sys.stdin, sys.stdout).run()
    from edgecert.wizard.app import WizardApp

    outcome = WizardApp(new_session, work, drafts, theme=context.args.theme).run(mouse=not context.args.no_mouse)
    if isinstance(outcome, EdgecertError):
        raise outcome
    return outcome if outcome is not None else ExitCode.OK


def require_terminal(environ: Mapping[str, str], *, plain: bool) -> None:
    """See that there is a terminal to ask at.

    Raises:
        UsageError: there is none, or it can show no pages.
    """
    if has_terminal(environ, plain=plain):
        return
    if has_terminal(environ, plain=True):
        raise UsageError("this terminal can show no pages (TERM)", hint="edgecert wizard --plain asks by lines")
    from edgecert.cli.main import short_help

    raise UsageError("the wizard needs a terminal", hint=short_help())


def _start(context: CliContext) -> CertificateRequest:
    """Give what flags, environment and files say already; a name need not be among it."""
    try:
        return resolve_request(context).request
    except ConfigError as error:
        if any(problem.key != "certificate.name" for problem in error.problems) or vars(context.args).get(_NAME):
            raise
    setattr(context.args, _NAME, _STAND_IN)
    request = resolve_request(context).request
    issuer = replace(request.issuer, request_file="") if request.issuer.kind == "csr" else request.issuer
    return replace(request, certificate=replace(request.certificate, name=""), issuer=issuer)
