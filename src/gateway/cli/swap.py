"""``edgecert-gateway swap``: a generation that the gateway already holds, without edgecert.

For the night when edgecert or its store is not at hand: the gateway keeps the last generations of each lineage itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.control import CLOSE_OLD_STREAMS
from edgecert.shared.errors import ExitCode, UsageError
from gateway.cli.common import add_common, add_socket
from gateway.model.answers import show

if TYPE_CHECKING:
    import argparse

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.cli.context import GatewayContext


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``swap``."""
    add_common(parser)
    add_socket(parser)
    parser.add_argument("lineage", metavar="LINEAGE", help="name of the certificate, as status shows it")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--generation", type=int, metavar="N", help="put generation N into service")
    what.add_argument("--previous", action="store_true", help="put the one before the present one into service")
    what.add_argument("--cancel-staged", action="store_true", help="withdraw what waits for its date")
    parser.add_argument(
        "--close-old-streams",
        choices=CLOSE_OLD_STREAMS,
        default="keep",
        help="open streams live on (keep), are replaced (drain), or end at once, for a compromised key (now)",
    )


def run(context: GatewayContext) -> ExitCode:
    """Do ``swap``."""
    args = context.args
    if args.generation is None and not args.previous and not args.cancel_staged:
        raise UsageError("swap what?", hint="give --generation N, --previous or --cancel-staged")
    client = context.client(changing=True)
    if args.cancel_staged:
        answer = client.post("/v1/staged/cancel", {"name": args.lineage})
        cancelled = answer.get("cancelled") is True
        text = "what was staged is withdrawn" if cancelled else "nothing was staged"
        context.output.result(answer, f"{args.lineage}: {text}")
        return ExitCode.OK
    body: JsonObject = {
        "name": args.lineage,
        "generation": args.generation,
        "close_old_streams": args.close_old_streams,
    }
    answer = client.post("/v1/swap-held", body)
    withdrawn = answer.get("withdrawn")
    if isinstance(withdrawn, dict):
        waited, date = (show(withdrawn.get(key)) for key in ("generation", "effective_at"))
        message = f"generation {waited} of {args.lineage}, which was staged for {date}, is withdrawn by this"
        context.output.warn("staged-cancelled", message)
    generation, serial, elapsed = (show(answer.get(key)) for key in ("generation", "serial", "elapsed_ms"))
    context.output.result(
        answer, f"{args.lineage}: generation {generation} (serial {serial}) is in service after {elapsed} ms"
    )
    return ExitCode.OK
