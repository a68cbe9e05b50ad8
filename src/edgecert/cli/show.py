"""``edgecert show``: one certificate with its history and everything that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.common import add_common
from edgecert.cli.session import lineage, wiring_for
from edgecert.shared.clock import format_time
from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``show``."""
    add_common(parser)
    parser.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="the certificate; may be left out when there is only one"
    )
    parser.add_argument("--generation", type=int, metavar="N", help="show this generation instead of the current one")
    parser.add_argument("--pem", action="store_true", help="print the certificate and its chain as PEM, nothing else")


def run(context: CliContext) -> ExitCode:
    """Do ``show``."""
    args, wiring = context.args, wiring_for(context)
    name = lineage(wiring, args.name)
    number = args.generation if args.generation is not None else wiring.store.current(name)
    if args.pem and number is not None:
        pem = wiring.store.load_bundle(name, number).fullchain_pem.decode()
        context.output.result({"name": name, "generation": number, "pem": pem}, pem.rstrip())
        return ExitCode.OK
    document = _document(context, wiring, name, number)
    context.output.result(document, _human(context, wiring, name, number))
    return ExitCode.OK


def _document(context: CliContext, wiring: Wiring, name: str, number: int | None) -> dict[str, JsonValue]:
    store = wiring.store
    staged, state = store.staged(name), store.deployments(name)
    metas = [store.load_meta(name, generation) for generation in store.generations(name)]
    settings = store.load_settings(name)
    return {
        "name": name,
        "certificate": None if number is None else shapes.certificate(store, store.load_meta(name, number)),
        "days_left": None if number is None else shapes.days_left(store.load_meta(name, number), context.clock.now()),
        "history": [shapes.certificate(store, meta) for meta in metas],
        "deployments": [shapes.target(entry) for entry in state.targets],
        "held": {str(generation): reason for generation, reason in state.held.items()},
        "staged": {"generation": staged.generation, "effective_at": format_time(staged.effective_at)}
        if staged
        else None,
        "requests": [
            {
                "id": request.id,
                "state": request.state,
                "created_at": format_time(request.created_at),
                "request_file": request.request_file or None,
            }
            for request in store.requests(name)
        ],
        "flags_file": settings.flags_file if settings else None,
    }


def _human(context: CliContext, wiring: Wiring, name: str, number: int | None) -> str:
    store, now = wiring.store, context.clock.now()
    lines = [name]
    if number is None:
        lines.append("  no certificate yet")
    else:
        lines = [shapes.describe_certificate(store, store.load_meta(name, number), now)]
    state, staged = store.deployments(name), store.staged(name)
    lines += [shapes.describe_target(entry) for entry in state.targets]
    if staged:
        lines.append(f"  generation {staged.generation} is staged for {format_time(staged.effective_at)}")
    for request in store.requests(name):
        if request.state == "open":
            lines.append(f"  open request {request.id} since {format_time(request.created_at)}: {request.request_file}")
    lines.append("history:")
    for generation in reversed(store.generations(name)):
        meta = store.load_meta(name, generation)
        held = f", held: {state.held[generation]}" if generation in state.held else ""
        told = f", {', '.join(meta.findings)}" if meta.findings else ""
        mark = "*" if generation == number else " "
        lines.append(
            f" {mark} {generation:4} {format_time(meta.not_before)} to {format_time(meta.not_after)}"
            f" serial {meta.serial}{held}{told}"
        )
    return "\n".join(lines)
