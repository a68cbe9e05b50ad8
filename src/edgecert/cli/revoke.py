"""``edgecert revoke``: have the CA take a certificate back, and never deploy it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli.common import add_common, add_dry_run
from edgecert.cli.session import lineage, wiring_for
from edgecert.model.revocation import REASONS
from edgecert.shared.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.revoke import Revoked
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``revoke``."""
    add_common(parser)
    add_dry_run(parser)
    parser.add_argument("name", metavar="NAME", help="the certificate")
    parser.add_argument("--generation", type=int, metavar="N", help="which generation (default: the current one)")
    parser.add_argument(
        "--reason",
        choices=tuple(REASONS),
        default="unspecified",
        help="why (RFC 5280); keyCompromise also keeps the key out of all that is issued or imported from now on",
    )
    parser.add_argument("--confirm", default="", metavar="NAME", help="the name once more: this cannot be undone")


def run(context: CliContext) -> ExitCode:
    """Do ``revoke``."""
    args, wiring = context.args, wiring_for(context)
    name = lineage(wiring, args.name)
    if not args.dry_run and args.confirm != name:
        message = f"revoking cannot be undone: {name} has to be named once more"
        raise UsageError(message, code="not-confirmed", hint=f"--confirm {name}")
    with wiring.store.lock(name, wiring.lock_timeout):
        number = args.generation if args.generation is not None else _current(wiring, name)
        if args.dry_run:
            planned = wiring.revocation.preview(name, number, args.reason)
            text = f"{name} generation {number}, serial {planned.meta.serial}, would be revoked ({args.reason})"
            context.output.result({**_shape(planned), "dry_run": True}, "\n".join((text, *_elsewhere(planned))))
            return ExitCode.OK
        done = wiring.revocation.revoke(name, number, args.reason)
    if done.by == "nobody":
        context.output.warn("revoke-at-the-ca", _left_to_do(done), name)
    context.output.result({**_shape(done), "dry_run": False}, _human(done))
    return ExitCode.OK


def _current(wiring: Wiring, name: str) -> int:
    number = wiring.store.current(name)
    if number is None:
        message = f"{name} has no generation that is not held; say which one is meant"
        raise UsageError(message, hint=f"edgecert show {name} lists them; then --generation N")
    return number


def _left_to_do(done: Revoked) -> str:
    what = f"serial {done.meta.serial}"
    if done.meta.issuer_kind == "local":
        return f"the local CA publishes no revocations; take {what} out of use wherever it was copied to"
    return f"this CA is told by a person: have {done.meta.issuer} revoke {what} for the reason {done.reason}"


def _human(done: Revoked) -> str:
    meta = done.meta
    by = {
        "account": "revoked by its account",
        "certificate-key": "revoked by its own key",
        "earlier": "the CA had revoked it before",
        "nobody": "noted here as revoked; the CA was not told",
    }[done.by]
    lines = [f"{meta.name} generation {meta.generation}, serial {meta.serial}: {by} ({done.reason})"]
    others = [str(number) for number in done.held if number != meta.generation]
    if others:
        lines.append(f"Generation {', '.join(others)} has the same key and is held too; revoke it as well.")
    if done.key_blocked:
        lines.append("Its key is blocked: nothing is issued or imported with it again.")
    return "\n".join((*lines, *_elsewhere(done)))


def _elsewhere(done: Revoked) -> list[str]:
    """Give a line for each certificate of another name that has the compromised key: what to do about it."""
    return [
        f"{name} generation {number} has the same key: edgecert renew {name} --replace-key; then: edgecert revoke "
        f"{name} --generation {number} --reason {done.reason} --confirm {name}"
        for name, number in done.elsewhere
    ]


def _shape(done: Revoked) -> JsonObject:
    return {
        "name": done.meta.name,
        "generation": done.meta.generation,
        "serial": done.meta.serial,
        "reason": done.reason,
        "revoked_by": done.by,
        "key_blocked": done.key_blocked,
        "held": list(done.held),
        "elsewhere": [{"name": name, "generation": number} for name, number in done.elsewhere],
    }
