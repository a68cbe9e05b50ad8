"""``edgecert request``: key and CSR now, the certificate later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgecert.cli.common import add_common, add_dry_run, add_request_options, resolve_request
from edgecert.cli.session import wiring_for, worst
from edgecert.shared.errors import ExitCode, StoreError

if TYPE_CHECKING:
    import argparse

    from edgecert.cli.common import CliContext
    from edgecert.lifecycle.issue import Outcome
    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.wiring import Wiring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``request``."""
    add_common(parser)
    add_dry_run(parser)
    add_request_options(parser)
    parser.add_argument(
        "--cancel",
        metavar="ID",
        help="give up the request ID; its key is kept until prune, so a late answer can still be imported",
    )
    parser.add_argument("--new", action="store_true", help="make another request even if an equal one is open")


def run(context: CliContext) -> ExitCode:
    """Do ``request``."""
    from edgecert.lifecycle.apply import Origin
    from edgecert.lifecycle.demand import Demand

    wiring = wiring_for(context)
    if context.args.cancel:
        return _cancel(context, wiring, context.args.cancel)
    resolved = resolve_request(context)
    request = replace(resolved.request, issuer=replace(resolved.request.issuer, kind="csr"))
    plan = wiring.applying.plan(request)
    if context.args.dry_run:
        names = {planned.name: [entry.name.text for entry in planned.names] for planned in plan.certificates}
        context.output.result(
            {"dry_run": True, "requests": [{"name": key, "names": value} for key, value in names.items()]}, _dry(names)
        )
        return ExitCode.OK
    outcomes = []
    origin = Origin(str(resolved.flags_file or ""), resolved.digest)
    for index, planned in enumerate(plan.certificates, start=1):
        saved = wiring.applying.settings_of_part(request, origin, plan, index)
        with wiring.store.lock(planned.name, wiring.lock_timeout):
            wiring.applying.save_settings(planned.name, saved)
            issuance = wiring.issuance(saved.request)
            outcomes.append(issuance.issue(Demand(saved.request, planned), fresh=context.args.new))
    shapes = [_shape(outcome) for outcome in outcomes]
    context.output.result(shapes[0] | {"requests": shapes}, "\n".join(_human(outcome) for outcome in outcomes))
    return worst(ExitCode.WAITING if outcome.newly_waiting else ExitCode.OK for outcome in outcomes)


def _cancel(context: CliContext, wiring: Wiring, request_id: str) -> ExitCode:
    for name in wiring.store.lineages():
        with wiring.store.lock(name, wiring.lock_timeout):
            for request in wiring.store.requests(name):
                if request.id == request_id and request.state == "open":
                    wiring.store.save_request(replace(request, state="cancelled"))
                    wiring.store.audit("request-cancelled", name, request=request_id)
                    text = f"request {request_id} of {name} is cancelled; its key is kept until edgecert prune"
                    context.output.result({"name": name, "id": request_id, "state": "cancelled"}, text)
                    return ExitCode.OK
    message = f"there is no open request {request_id}"
    raise StoreError(message, code="no-such-request", hint="edgecert list shows what is open")


def _shape(outcome: Outcome) -> dict[str, JsonValue]:
    request = outcome.request
    if request is None:
        return {"name": outcome.name}
    return {
        "name": outcome.name,
        "id": request.id,
        "request_file": request.request_file,
        "names": list(request.names),
        "public_key_sha256": request.spki_sha256,
        "new": outcome.newly_waiting,
    }


def _human(outcome: Outcome) -> str:
    request = outcome.request
    if request is None:
        return outcome.message
    state = "written" if outcome.newly_waiting else "is open already"
    return (
        f"{outcome.name}: request {request.id} {state}\n  CSR: {request.request_file}\n  "
        f"names: {', '.join(request.names)}\n"
        f"  next: give the CSR to your CA, then: edgecert import ANSWER"
    )


def _dry(names: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}: a key and a CSR would be made for {', '.join(texts)}" for name, texts in names.items())
