"""``edgecert list``: every certificate, its days left, where it is deployed and what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.cli import shapes
from edgecert.cli.common import add_common
from edgecert.cli.session import wiring_for
from edgecert.shared.clock import format_time
from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from edgecert.cli.common import CliContext
    from edgecert.interfaces import OpenRequest
    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``list``."""
    add_common(parser)
    parser.add_argument("--requests", action="store_true", help="list the open requests with their public keys too")


def run(context: CliContext) -> ExitCode:
    """Do ``list``."""
    wiring = wiring_for(context)
    entries = [entry for name in wiring.store.lineages() if (entry := _entry(context, wiring, name)) is not None]
    entries.sort(key=lambda entry: (entry["days_left"], entry["name"]))
    waiting = [
        request
        for name in wiring.store.lineages()
        for request in wiring.store.requests(name)
        if request.state == "open"
    ]
    document = {"certificates": entries, "requests": [_request(request) for request in waiting]}
    context.output.result(document, _human(context, wiring, entries, waiting))
    return ExitCode.OK


def _entry(context: CliContext, wiring: Wiring, name: str) -> dict[str, JsonValue] | None:
    number = wiring.store.current(name)
    if number is None:
        return None
    meta = wiring.store.load_meta(name, number)
    settings, staged = wiring.store.load_settings(name), wiring.store.staged(name)
    state = wiring.due.state(meta)
    decision = wiring.due.decide(meta, settings, state)
    deployments = wiring.store.deployments(name)
    return shapes.certificate(wiring.store, meta) | {
        "days_left": shapes.days_left(meta, context.clock.now()),
        "due_at": format_time(decision.due_at),
        "renewal": shapes.renewal(state, decision),
        "staged": {"generation": staged.generation, "effective_at": format_time(staged.effective_at)}
        if staged
        else None,
        "deployments": [shapes.target(entry) for entry in deployments.targets],
        "held": {str(generation): reason for generation, reason in deployments.held.items()},
    }


def _request(request: OpenRequest) -> dict[str, JsonValue]:
    return {
        "name": request.lineage,
        "id": request.id,
        "created_at": format_time(request.created_at),
        "names": list(request.names),
        "request_file": request.request_file or None,
        "public_key_sha256": request.spki_sha256,
        "prepared": request.prepared,
    }


def _human(context: CliContext, wiring: Wiring, entries: list[dict[str, JsonValue]], waiting: list[OpenRequest]) -> str:
    if not entries and not waiting:
        return f"there is no certificate in {wiring.state_dir} yet; make one: edgecert apply -c FILE"
    lines = []
    if entries:
        rows = [_row(wiring, entry) for entry in entries]
        lines.append(context.output.table(("certificate", "gen", "days left", "renews on", "names", "deployed"), rows))
        lines.extend(line for entry in entries for line in _notes(wiring, str(entry["name"])))
    for request in waiting:
        if request.prepared:
            lines.append(f"next key of {request.lineage}, prepared on {format_time(request.created_at)}")
            continue
        where = f": {request.request_file}" if request.request_file else ""
        lines.append(f"open request {request.id} of {request.lineage}, since {format_time(request.created_at)}{where}")
        if context.args.requests:
            lines.append(f"  public key sha256 {request.spki_sha256}; names {', '.join(request.names)}")
    return "\n".join(lines)


def _notes(wiring: Wiring, name: str) -> Iterator[str]:
    """Say what the row of a lineage has no room for."""
    staged = wiring.store.staged(name)
    if staged is not None:
        yield f"{name}: generation {staged.generation} is staged for {format_time(staged.effective_at)}"
    for generation, reason in sorted(wiring.store.deployments(name).held.items()):
        yield f"{name}: generation {generation} is held: {reason}"


def _row(wiring: Wiring, entry: dict[str, JsonValue]) -> tuple[str, ...]:
    name = str(entry["name"])
    names = wiring.store.load_meta(name, int(str(entry["generation"]))).names
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return (
        name,
        str(entry["generation"]),
        str(entry["days_left"]),
        str(entry["due_at"])[:10],
        f"{names[0] if names else ''}{more}",
        _deployed(wiring, name),
    )


def _deployed(wiring: Wiring, name: str) -> str:
    state = wiring.store.deployments(name)
    if not state.targets:
        return "nowhere"
    good = sum(1 for entry in state.targets if not entry.open)
    words = ", ".join(f"{entry.target}:{'open' if entry.open else entry.verdict.value}" for entry in state.targets)
    return f"PARTLY {words}" if 0 < good < len(state.targets) else words
