"""``edgecert-gateway contacts``: list, add, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_action, add_actions, add_dry_run
from gateway.cli.contacttable import open_contacts
from gateway.model.answers import objects, show, texts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.cli.contacttable import ContactAccess
    from gateway.cli.context import GatewayContext

_FLAGS: Final = ("listed", "asked", "to", "granted", "pinned")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``contacts`` and of its actions."""
    actions = add_actions(parser)
    listing = add_action(actions, "list", "list the contacts, and whose users knocked in vain")
    listing.add_argument("--home", default="", metavar="JID", help="only those of this home user or home domain")
    listing.add_argument("--partner", default="", metavar="JID", help="only those with this user or partner domain")
    for name, text in (
        ("add", "let a partner's user reach a home user, until it is removed"),
        ("remove", "forget a contact, whoever has listed it"),
    ):
        changing = add_action(actions, name, text)
        changing.add_argument("home", metavar="HOME", help="the home user, as bob@contoso.example")
        changing.add_argument("partner", metavar="PARTNER", help="the partner's user, as alice@fabrikam.example")
        add_dry_run(changing)


def run(context: GatewayContext) -> ExitCode:
    """Do ``contacts ACTION``."""
    _ACTIONS[context.args.action](context, open_contacts(context))
    return ExitCode.OK


def _list(context: GatewayContext, table: ContactAccess) -> None:
    from gateway.contacts.naming import verify_home

    if context.args.home:
        verify_home(context.args.home, table.homes())
    answer = table.contacts(context.args.home, context.args.partner)
    contacts, knocks = objects(answer.get("contacts")), objects(answer.get("knocks"))
    headers = ("HOME", "PARTNER", *(flag.upper() for flag in _FLAGS))
    rows = [[show(entry.get(key)) for key in ("home", "partner", *_FLAGS)] for entry in contacts]
    lines = [context.output.table(headers, rows) if rows else "no contacts"]
    if knocks:
        keys = ("home", "partner", "count", "first", "last")
        knocked = [[show(entry.get(key)) for key in keys] for entry in knocks]
        heads = ("KNOCKED AT", "WHO", "TIMES", "FIRST", "LAST")
        lines += ["", context.output.table(heads, knocked)]
    context.output.result(answer, "\n".join(lines))


def _add(context: GatewayContext, table: ContactAccess) -> None:
    args = context.args
    _tell(context, table, table.add(args.home, args.partner, dry_run=context.dry_run), "+")


def _remove(context: GatewayContext, table: ContactAccess) -> None:
    args = context.args
    _tell(context, table, table.remove(args.home, args.partner, dry_run=context.dry_run), "-")


_ACTIONS: Final[Mapping[str, Callable[[GatewayContext, ContactAccess], None]]] = {
    "list": _list,
    "add": _add,
    "remove": _remove,
}


def _tell(context: GatewayContext, table: ContactAccess, answer: JsonObject, sign: str) -> None:
    for text in texts(answer.get("warnings")):
        context.output.warn("contact-warning", text)
    lines = [f"{sign} {answer.get('home')} {answer.get('partner')}"]
    before, after = answer.get("before"), answer.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        changes = [flag for flag in _FLAGS if before.get(flag) != after.get(flag)]
        lines += [f"    {flag}: {show(before.get(flag))} → {show(after.get(flag))}" for flag in changes]
    if answer.get("changed") is not True:
        lines = ["nothing to change"]
    elif context.dry_run:
        lines.append("nothing was changed (dry run)")
    else:
        lines.append("live now" if table.live else "saved; no gateway is running")
    result: JsonObject = {**answer, "dry_run": context.dry_run, "live": table.live}
    context.output.result(result, "\n".join(lines))
