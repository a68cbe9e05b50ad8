"""``edgecert-gateway queue list``: what waits for partners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_action, add_actions
from gateway.model.answers import ago, objects, show

if TYPE_CHECKING:
    import argparse

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.cli.context import GatewayContext

_HEADERS: Final = (
    "DOMAIN",
    "HOME",
    "STATE",
    "STANZAS",
    "ON DISK",
    "UNACKNOWLEDGED",
    "OLDEST",
    "NEXT ATTEMPT",
    "REASON",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``queue`` and of its actions."""
    actions = add_actions(parser)
    add_action(actions, "list", "list what waits for each partner's domain, and when the next attempt is made")


def run(context: GatewayContext) -> ExitCode:
    """Do ``queue list``."""
    answer = context.client(changing=False).get("/v1/queues")
    rows = [_row(entry) for entry in objects(answer.get("queues"))]
    context.output.result(answer, context.output.table(_HEADERS, rows) if rows else "nothing waits")
    return ExitCode.OK


def _row(entry: JsonObject) -> list[str]:
    waits, attempt = entry.get("stanzas"), entry.get("next_attempt_s")
    return [
        *(show(entry.get(key)) for key in ("domain", "home", "state", "stanzas", "on_disk", "unacknowledged")),
        ago(entry.get("oldest_s")) if waits else "–",
        f"in {ago(attempt)}" if attempt else "–",
        show(entry.get("reason")),
    ]
