"""``edgecert account``: the account at an ACME CA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli.common import add_common, add_request_options, resolve_request
from edgecert.cli.session import confirmed, wiring_for
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from edgecert.cli.common import CliContext
    from edgecert.shared.jsonvalue import JsonObject


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``account``."""
    add_common(parser)
    add_request_options(parser)
    parser.add_argument(
        "action",
        choices=("show", "update", "roll-over", "deactivate"),
        help="show what the CA has, give it the flags file's email, give the account another key, or end it for ever",
    )


def run(context: CliContext) -> ExitCode:
    """Do ``account``."""
    request = resolve_request(context).request
    directory = request.issuer.directory
    if request.issuer.kind != "acme":
        message = f'accounts are for issuer.kind = "acme", and it is {request.issuer.kind!r}'
        raise UsageError(message)
    with wiring_for(context).acme(request).account() as account:
        match context.args.action:
            case "show":
                _say(context, directory, account.url, account.fetch())
            case "update":
                _say(context, directory, account.url, account.update())
            case "roll-over":
                _roll_over(context, account.roll_over())
            case _:
                _deactivate(context, account.url, account.deactivate)
    return ExitCode.OK


def _roll_over(context: CliContext, url: str) -> None:
    text = f"the account {url} has another key; its URL and all that CAA says of it stay as they are"
    context.output.result({"url": url, "status": "valid"}, text)


def _deactivate(context: CliContext, url: str, deactivate: Callable[[], str]) -> None:
    if not confirmed(context, f"End the account {url}? It cannot be opened again."):
        raise UsageError("nothing was done")
    deactivate()
    text = f"the account {url} is closed; the next issue opens a new one with a new key"
    context.output.result({"url": url, "status": "deactivated"}, text)


def _say(context: CliContext, directory: str, url: str, document: JsonObject) -> None:
    contact = document.get("contact")
    contacts = [str(entry) for entry in contact] if isinstance(contact, list) else []
    facts: JsonObject = {
        "url": url,
        "status": document.get("status"),
        "contact": list(contacts),
        "directory": directory,
    }
    lines = (f"account:  {url}", f"status:   {facts['status']}", f"contact:  {', '.join(contacts) or 'none'}")
    context.output.result(facts, "\n".join(lines))
