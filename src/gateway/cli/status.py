"""``edgecert-gateway status``: is it ready, and what does it serve?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.clock import parse_time
from edgecert.shared.errors import ControlError, ExitCode
from gateway.cli.common import add_common, add_socket
from gateway.model.answers import ago, objects, show, texts

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from edgecert.shared.controlclient import ControlClient
    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from gateway.cli.context import GatewayContext

MAX_FAILURES: Final = 10
"""So many are shown to people; ``--json`` gives all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``status``."""
    add_common(parser)
    add_socket(parser)


def run(context: GatewayContext) -> ExitCode:
    """Do ``status``."""
    client = context.client(changing=False)
    status = {**client.get("/v1/status"), "failures": _failures(context, client)}
    context.output.result(status, _describe(context, status))
    return ExitCode.OK


def _failures(context: GatewayContext, client: ControlClient) -> JsonValue:
    """Give what went wrong lately; nothing, with a word about it, from a gateway of a release that does not tell."""
    try:
        return client.get("/v1/failures").get("failures", [])
    except ControlError as error:
        if error.code != "no-such-call":
            raise
        context.output.warn(
            error.code, "this gateway is of an older release, which does not tell what went wrong lately"
        )
        return []


def _describe(context: GatewayContext, status: JsonObject) -> str:
    output, now = context.output, context.clock.now()
    ready = status.get("ready") is True
    streams = status.get("streams")
    numbers = streams if isinstance(streams, dict) else {}
    parts = [
        output.style("ready", "green") if ready else output.style("NOT READY", "red"),
        f"up {ago(status.get('uptime_s'))}",
        f"{show(numbers.get('inbound'))} inbound and {show(numbers.get('outbound'))} outbound streams",
    ]
    lines = [" · ".join(parts), *(f"  ! {reason}" for reason in texts(status.get("reasons")))]
    certificates = [
        [
            *(show(entry.get(key)) for key in ("name", "generation", "serial", "not_after")),
            days_left(entry.get("not_after"), now),
            show(entry.get("domains")),
        ]
        for entry in objects(status.get("certificates"))
    ]
    headers = ("CERTIFICATE", "GENERATION", "SERIAL", "VALID UNTIL", "DAYS", "SERVES")
    lines += _section(context, headers, certificates)
    lines += _section(context, ("STREAMS ON", "GENERATION", "STREAMS"), _generation_rows(status))
    for entry in objects(status.get("staged")):
        name, generation, date = (show(entry.get(key)) for key in ("name", "generation", "effective_at"))
        lines.append(f"{name}: generation {generation} is staged for {date}")
    keys = ("address", "protocol", "domains")
    rows = [[show(entry.get(key)) for key in keys] for entry in objects(status.get("listeners"))]
    lines += _section(context, ("LISTENS AT", "PROTOCOL", "DOMAINS"), rows)
    rows = [[show(entry.get("domain")), show(entry.get("connected"))] for entry in objects(status.get("homes"))]
    lines += _section(context, ("HOME", "CONNECTED"), rows)
    keys = ("domain", "state", "reason")
    rows = [[show(entry.get(key)) for key in keys] for entry in objects(status.get("partners"))]
    lines += _section(context, ("PARTNER", "STATE", "REASON"), rows)
    lines += _section(context, ("WENT WRONG", "TIMES", "WAY", "WITH", "STEP", "WHY"), _failure_rows(status))
    return "\n".join(lines)


def _section(context: GatewayContext, headers: tuple[str, ...], rows: list[list[str]]) -> list[str]:
    return ["", context.output.table(headers, rows)] if rows else []


def _generation_rows(status: JsonObject) -> list[list[str]]:
    """Give how many streams live on each generation; an old one is marked as ``streams`` marks it."""
    return [
        [
            show(entry.get("certificate")),
            f"{show(entry.get('generation'))}{'' if entry.get('current') is True else ' (old)'}",
            show(entry.get("streams")),
        ]
        for entry in objects(status.get("generations"))
    ]


def _failure_rows(status: JsonObject) -> list[list[str]]:
    """Give the newest failures with partners, or with whoever an address was."""
    rows: list[list[str]] = []
    for entry in objects(status.get("failures"))[:MAX_FAILURES]:
        peer = show(entry.get("domain") or entry.get("address"))
        why = ": ".join(part for part in (show(entry.get("code")), show(entry.get("text"))) if part)
        rows.append(
            [*(show(entry.get(key)) for key in ("last", "count", "direction")), peer, show(entry.get("step")), why]
        )
    return rows


def days_left(not_after: JsonValue, now: datetime) -> str:
    """Give the whole days until an RFC 3339 time, negative when it is past."""
    try:
        return str((parse_time(str(not_after)) - now).days)
    except ValueError:
        return "–"
