"""``edgecert-gateway partner test``: the way to a partner, step by step, to the first thing that is wrong.

Inside the running gateway where there is one, with its certificate and its listeners; else here, as far as that goes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import EdgecertError, ExitCode
from edgecert.shared.printable import blank_controls
from gateway.cli.common import add_action
from gateway.model.answers import objects, show

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from edgecert.shared.controlclient import ControlClient
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.output import Style
    from gateway.cli.context import GatewayContext

_STYLES: Final[Mapping[str, Style]] = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


class PartnerTestError(EdgecertError):
    """A partner was not reached; the code is that of the step that failed."""

    code = "stream-failed"


def configure(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``partner test``."""
    parser = add_action(
        actions, "test", "try to reach a domain step by step, a partner or not yet, and say what is wrong"
    )
    parser.add_argument("domain", metavar="DOMAIN", help="the domain to reach")
    parser.add_argument("--home", metavar="DOMAIN", default="", help="for which home domain; default: the first one")


def run(context: GatewayContext) -> ExitCode:
    """Do ``partner test``."""
    client = context.running(changing=True)
    if client is None:
        context.output.step("no gateway listens: trying from here, without an answer to a ping")
        walked = _walk_here(context)
    else:
        walked = _walk_there(context, client)
    failed = next((step for step in objects(walked["steps"]) if step.get("outcome") == "failed"), None)
    error = None
    if failed is not None:
        message = f"{walked['domain']} was not reached: {failed.get('text')}"
        error = PartnerTestError(message, code=str(failed.get("code")), hint=str(failed.get("hint") or ""))
    elif walked["reached"] is not True:
        message = f"{walked['domain']} was not reached, and no step says why"
        error = PartnerTestError(message, code="internal", hint="look at the gateway's log")
    context.output.result(walked, "" if error else f"{walked['domain']} can be reached", error=error)
    return ExitCode.OK if error is None else ExitCode.FAILED


def _walk_there(context: GatewayContext, client: ControlClient) -> JsonObject:
    begun = client.post("/v1/partner-tests", {"domain": context.args.domain, "home": context.args.home})
    steps: list[JsonObject] = []
    while True:
        answer = client.get(f"/v1/partner-tests/{begun['id']}?after={len(steps)}")
        for step in objects(answer.get("steps")):
            steps.append(step)
            _tell(context, step)
        if answer.get("finished") is True:
            known = {key: begun[key] for key in ("domain", "home", "is_partner")}
            return {**known, "steps": steps, "reached": answer.get("reached")}


def _walk_here(context: GatewayContext) -> JsonObject:
    from gateway.service.standalone import walk_alone

    steps: list[JsonObject] = []

    def report(step: JsonObject) -> None:
        steps.append(step)
        _tell(context, step)

    settings = context.settings_of_the_stopped()
    known = asyncio.run(walk_alone(settings, context.environ, context.args.domain, context.args.home, report))
    return {**known, "steps": steps}


def _tell(context: GatewayContext, step: JsonObject) -> None:
    """Show a step at once, for people."""
    output = context.output
    if output.json or output.quiet:
        return
    outcome = str(step.get("outcome"))
    word = output.style(f"{outcome:<8}", _STYLES.get(outcome, "plain"))
    time = f"{step.get('elapsed_ms'):>8.1f} ms" if isinstance(step.get("elapsed_ms"), float) else " " * 11
    code = f" [{step['code']}]" if step.get("code") else ""
    output.result({}, f"{step.get('step')!s:<15} {word} {time}  {blank_controls(show(step.get('text')))}{code}")
