"""``edgecert plan --discover``: a topology from what the DNS says, with reasons, and the flags file for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.cli.common import resolve_request
from edgecert.shared.errors import UsageError
from edgecert.shared.names import normalise_domain, to_unicode
from edgecert.shared.printable import show_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from edgecert.cli.context import CliContext
    from edgecert.model.discovery import Discovery
    from edgecert.model.request import CertificateRequest, Topology
    from edgecert.settings import ResolvedRequest
    from edgecert.shared.jsonvalue import JsonObject

DEFAULT_NAME: Final = "edge-external"
_NAME: Final = "option:certificate.name"


def add_nameservers(parser: argparse.ArgumentParser) -> None:
    """Add ``--nameserver``."""
    parser.add_argument(
        "--nameserver",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="ask this nameserver, address[:port], instead of the system's (may be repeated)",
    )


def add_prechecks(parser: argparse.ArgumentParser) -> None:
    """Add what says how the DNS is looked at before an order."""
    group = parser.add_argument_group("before an order is spent (ACME)")
    group.add_argument(
        "--dns",
        dest="dns",
        action="store_true",
        default=None,
        help="look at CAA, DNSSEC and where names lead for any CA; default: for public ones",
    )
    group.add_argument("--no-dns", dest="dns", action="store_false", help="look at no DNS")
    add_nameservers(parser)


def add_discovery(parser: argparse.ArgumentParser) -> None:
    """Add ``--discover`` and what belongs to it."""
    group = parser.add_argument_group("discovery")
    group.add_argument(
        "--discover", nargs="+", default=[], metavar="DOMAIN", help="propose the topology from what the DNS says"
    )
    group.add_argument("--save", type=Path, metavar="FILE", help="with --discover: write the flags file there")


def propose(context: CliContext) -> tuple[ResolvedRequest, Discovery]:
    """Ask the DNS about the domains of ``--discover``, and give the request with the topology that follows.

    What flags, environment and files say of the topology counts before what was found.

    Raises:
        NetworkError: this host knows no nameserver.
        NameProblem: a domain is none.
    """
    from edgecert.dns.lookup import Lookup
    from edgecert.model.discovery import discover, discovery_questions, follow_up_questions

    args = context.args
    domains = tuple(dict.fromkeys(normalise_domain(text) for text in args.discover))
    if args.flags_file is None and not vars(args).get(_NAME):
        setattr(args, _NAME, DEFAULT_NAME)
    resolved = resolve_request(context)
    lookup = Lookup(args.nameserver)
    lookup.ask(discovery_questions(domains))
    answers = lookup.ask(())
    found = discover(domains, lookup.ask(follow_up_questions(domains, answers)))
    given = resolved.request.topology
    return replace(resolved, request=replace(resolved.request, topology=_merge(given, found.topology))), found


def _merge(given: Topology, found: Topology) -> Topology:
    return replace(
        given,
        access_edge=given.access_edge or found.access_edge,
        web_conferencing=given.web_conferencing or found.web_conferencing,
        sip_domains=tuple(dict.fromkeys((*given.sip_domains, *found.sip_domains))),
        xmpp_domains=tuple(dict.fromkeys((*given.xmpp_domains, *found.xmpp_domains))),
    )


def flags_file_text(request: CertificateRequest, found: Discovery) -> str:
    """Give the flags file for ``request``, with the reasons beside the topology."""
    from edgecert.shared.configfile import encode, to_toml

    document = to_toml({"version": request.version, **encode(request, defaults=False)})
    # Of one line each, whatever the DNS said: what stood on a line of its own would be a key of the file.
    reasons = "".join(f"# {show_line(f'{reason.key}: {reason.value}: {reason.text}')}\n" for reason in found.reasons)
    return document.replace("[topology]\n", f"{reasons}[topology]\n", 1)


def save(context: CliContext, text: str) -> str:
    """Write the flags file where ``--save`` says, and give the path; nothing without ``--save``.

    Raises:
        UsageError: there is a file already, and nobody said yes.
    """
    path: Path | None = context.args.save
    if path is None:
        return ""
    from edgecert.cli.session import confirmed
    from edgecert.shared.atomic import write_file

    if path.exists() and not confirmed(context, f"{path} is there already. Write over it?"):
        message = f"{path} is there already and stays as it is"
        raise UsageError(message, hint="say --yes, or another name with --save")
    write_file(path, text.encode(), mode=0o644)
    return str(path)


def discovery_to_json(found: Discovery, text: str, saved: str) -> JsonObject:
    """Give what ``plan --json`` has under ``discovery``."""
    topology = found.topology
    return {
        "topology": {
            "access_edge": topology.access_edge,
            "web_conferencing": topology.web_conferencing,
            "sip_domains": list(topology.sip_domains),
            "xmpp_domains": list(topology.xmpp_domains),
        },
        "reasons": [{"key": reason.key, "value": reason.value, "reason": reason.text} for reason in found.reasons],
        "flags_file": text,
        "saved": saved or None,
    }


def reason_rows(found: Discovery) -> Sequence[tuple[str, str, str]]:
    """Give the reasons as rows of a table."""
    return [(reason.key, to_unicode(reason.value), reason.text) for reason in found.reasons]
