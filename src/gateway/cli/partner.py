"""``edgecert-gateway partner``: list, show, add, set, remove, apply, export, test."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ExitCode, UsageError
from gateway.cli import partnertest
from gateway.cli.common import add_action, add_actions, add_dry_run
from gateway.cli.partnertable import open_partners
from gateway.model.answers import changes_between, objects, show, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from gateway.cli.context import GatewayContext
    from gateway.cli.partnertable import PartnerAccess

_KEY: Final = "partner:"
_READING: Final = frozenset({"list", "show", "export"})


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``partner`` and of its actions."""
    actions = add_actions(parser)
    add_action(actions, "list", "list all partners")
    add_action(actions, "show", "show one partner with every key").add_argument("domain", metavar="DOMAIN")
    for name, text in (("add", "add a partner"), ("set", "change keys of a partner; the others stay")):
        changing = add_action(actions, name, text)
        changing.add_argument("domain", metavar="DOMAIN", help="primary domain")
        _add_keys(changing)
        if name == "set":
            for flag, what in (("--add-domain", "add an additional domain"), ("--remove-domain", "take one away")):
                changing.add_argument(
                    flag, action="append", default=[], metavar="DOMAIN", help=f"{what}; may be repeated"
                )
        add_dry_run(changing)
    removing = add_action(actions, "remove", "take a partner away; its streams are closed")
    removing.add_argument("domain", metavar="DOMAIN", help="primary domain")
    add_dry_run(removing)
    applying = add_action(actions, "apply", "make the table equal a file, and show the difference")
    applying.add_argument("file", type=Path, metavar="FILE", help="partners.toml")
    add_dry_run(applying)
    add_action(actions, "export", "print the table as a file that apply takes")
    partnertest.configure(actions)


def _add_keys(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each key of a partner, from the one place that declares them."""
    from edgecert.shared.schema import KeyKind, iter_options
    from gateway.policy.partner import Partner

    for key in iter_options(Partner):
        if key.path == "domain":
            continue
        flag, dest = f"--{key.path.replace('_', '-')}", f"{_KEY}{key.path}"
        if key.kind is KeyKind.BOOLEAN:
            action = argparse.BooleanOptionalAction
            parser.add_argument(flag, dest=dest, action=action, default=argparse.SUPPRESS, help=key.help)
        elif key.kind is KeyKind.LIST:
            text = f"{key.help} (may be repeated; an empty one clears)"
            parser.add_argument(flag, dest=dest, action="append", default=argparse.SUPPRESS, metavar="VALUE", help=text)
        else:
            kind = int if key.kind is KeyKind.INTEGER else str
            choices = list(key.choices) or None
            metavar = None if choices else "VALUE"
            parser.add_argument(
                flag, dest=dest, type=kind, default=argparse.SUPPRESS, choices=choices, metavar=metavar, help=key.help
            )


def run(context: GatewayContext) -> ExitCode:
    """Do ``partner ACTION``."""
    if context.args.action == "test":
        return partnertest.run(context)
    table = open_partners(context, changing=context.args.action not in _READING)
    _ACTIONS[context.args.action](context, table)
    return ExitCode.OK


def _list(context: GatewayContext, table: PartnerAccess) -> None:
    partners = table.partners()
    keys = ("domain", "type", "tls", "sasl", "dialback", "additional_domains")
    rows = [[show(partner.get(key)) for key in keys] for partner in partners]
    headers = ("DOMAIN", "TYPE", "TLS", "SASL", "DIALBACK", "ADDITIONAL DOMAINS")
    human = context.output.table(headers, rows) if rows else "no partners"
    context.output.result({"partners": list(partners)}, human)


def _show(context: GatewayContext, table: PartnerAccess) -> None:
    from gateway.model.peer import Method
    from gateway.policy.methods import METHOD_NAMES, find_row, warn_partner
    from gateway.policy.partnerfile import partner_from_json

    partner = _find(table, context.args.domain)
    known = partner_from_json(partner)
    row = find_row(known)
    names = [METHOD_NAMES[method] for method in Method if method in row.methods]
    lines = [f"{key:<18}  {show(value)}" for key, value in partner.items()]
    lines += ["", f"{'methods':<18}  {show(names)} (row {row.number})"]
    for warning in warn_partner(known):
        context.output.warn(warning.code, warning.message, known.domain)
    context.output.result({"partner": partner, "row": row.number, "methods": names}, "\n".join(lines))


def _add(context: GatewayContext, table: PartnerAccess) -> None:
    domain = _prepare(context.args.domain)
    if any(partner.get("domain") == domain for partner in table.partners()):
        raise UsageError(f"{domain} is a partner already", hint=f"edgecert-gateway partner set {domain} …")
    _put(context, table, None, {"domain": domain, **_given(context)})


def _set(context: GatewayContext, table: PartnerAccess) -> None:
    given = _given(context)
    more, less = context.args.add_domain, context.args.remove_domain
    if not (given or more or less):
        raise UsageError("nothing to set", hint="edgecert-gateway partner set --help lists the keys")
    before = _find(table, context.args.domain)
    after = {**before, **given}
    after["additional_domains"] = _change_domains(texts(after.get("additional_domains")), more, less)
    _put(context, table, before, after)


def _change_domains(domains: Sequence[str], more: Sequence[str], less: Sequence[str]) -> list[str]:
    gone = {_prepare(domain) for domain in less}
    if missing := sorted(gone - {_prepare(domain) for domain in domains}):
        raise UsageError(
            f"{', '.join(missing)} is no additional domain", hint="edgecert-gateway partner show names them"
        )
    return [*(domain for domain in domains if _prepare(domain) not in gone), *more]


def _put(context: GatewayContext, table: PartnerAccess, before: JsonObject | None, partner: JsonObject) -> None:
    from gateway.policy.partner import prepare_partner
    from gateway.policy.partnerfile import partner_from_json, partner_to_json

    whole = partner_to_json(prepare_partner(partner_from_json(partner)))
    others = [entry for entry in table.partners() if entry.get("domain") != whole["domain"]]
    answer = table.apply([*others, whole], dry_run=True) if context.dry_run else table.put(whole)
    old = {} if before is None else {str(before["domain"]): before}
    _tell(context, table, answer, old, {str(whole["domain"]): whole})


def _remove(context: GatewayContext, table: PartnerAccess) -> None:
    partner = _find(table, context.args.domain)
    domain = str(partner["domain"])
    if context.dry_run:
        answer = table.apply([entry for entry in table.partners() if entry.get("domain") != domain], dry_run=True)
    else:
        answer = table.remove(domain)
    _tell(context, table, answer, {domain: partner}, {})


def _apply(context: GatewayContext, table: PartnerAccess) -> None:
    from gateway.policy.partner import prepare_partner
    from gateway.policy.partnerfile import load_partner_file, partner_to_json

    wanted = [partner_to_json(prepare_partner(partner)) for partner in load_partner_file(context.args.file)]
    before = {str(partner["domain"]): partner for partner in table.partners()}
    answer = table.apply(wanted, dry_run=context.dry_run)
    _tell(context, table, answer, before, {str(partner["domain"]): partner for partner in wanted})


def _export(context: GatewayContext, table: PartnerAccess) -> None:
    from gateway.policy.partnerfile import partner_from_json, partners_to_toml

    partners = table.partners()
    text = partners_to_toml(partner_from_json(partner) for partner in partners)
    context.output.result({"partners": list(partners), "toml": text}, text)


_ACTIONS: Final[Mapping[str, Callable[[GatewayContext, PartnerAccess], None]]] = {
    "list": _list,
    "show": _show,
    "add": _add,
    "set": _set,
    "remove": _remove,
    "apply": _apply,
    "export": _export,
}


# --- help for the actions -------------------------------------------------------------------------------------------


def _prepare(domain: str) -> str:
    from gateway.model.jid import parse_domain

    return parse_domain(domain)


def _find(table: PartnerAccess, domain: str) -> JsonObject:
    prepared = _prepare(domain)
    for partner in table.partners():
        if partner.get("domain") == prepared:
            return partner
        if prepared in texts(partner.get("additional_domains")):
            raise UsageError(
                f"{prepared} is an additional domain of {partner['domain']}", hint=f"name {partner['domain']} instead"
            )
    raise UsageError(
        f"{prepared} is no partner", code="no-such-partner", hint="edgecert-gateway partner list shows all"
    )


def _given(context: GatewayContext) -> dict[str, JsonValue]:
    given = {name.removeprefix(_KEY): value for name, value in vars(context.args).items() if name.startswith(_KEY)}
    return {
        name: [word for word in value if word] if isinstance(value, list) else value for name, value in given.items()
    }


def _tell(
    context: GatewayContext,
    table: PartnerAccess,
    answer: JsonObject,
    before: Mapping[str, JsonObject],
    after: Mapping[str, JsonObject],
) -> None:
    """Say what changed, or would change, key by key; and what the gateway warns of."""
    _warn(context, answer.get("warnings"))
    difference = {
        "added": sorted(set(after) - set(before)),
        "changed": sorted(
            domain for domain in set(after) & set(before) if changes_between(before[domain], after[domain])
        ),
        "removed": sorted(set(before) - set(after)),
    }
    lines = [f"+ {domain}" for domain in difference["added"]]
    for domain in difference["changed"]:
        lines += [f"~ {domain}", *(f"    {line}" for line in changes_between(before[domain], after[domain]))]
    lines += [f"- {domain}" for domain in difference["removed"]]
    closing = _closing(lines, dry_run=context.dry_run, live=table.live)
    result: JsonObject = {**answer, **difference, "dry_run": context.dry_run, "live": table.live}
    context.output.result(result, "\n".join([*lines, closing]))


def _warn(context: GatewayContext, warnings: JsonValue) -> None:
    for warning in objects(warnings):
        context.output.warn(str(warning.get("code")), str(warning.get("message")), str(warning.get("partner") or ""))
    for text in texts(warnings):
        context.output.warn("partner-warning", text)


def _closing(lines: Sequence[str], *, dry_run: bool, live: bool) -> str:
    if not lines:
        return "nothing to change"
    if dry_run:
        return "nothing was changed (dry run)"
    return "live now" if live else "saved; no gateway is running"
