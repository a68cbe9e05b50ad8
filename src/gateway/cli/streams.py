"""``edgecert-gateway streams``: the open streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import ExitCode
from gateway.cli.common import add_common, add_socket
from gateway.model.answers import ago, objects, show

if TYPE_CHECKING:
    import argparse

    from edgecert.shared.jsonvalue import JsonObject
    from gateway.cli.context import GatewayContext

# What is shown, in this order, of what the gateway tells; ages are written for people.
_COLUMNS: Final = (
    "direction",
    "domain",
    "home",
    "method",
    "proof",
    "tls",
    "certificate",
    "generation",
    "age_s",
    "stanzas",
)
_ALSO: Final = "also"
_ALWAYS: Final = ("direction", "generation")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``streams``."""
    add_common(parser)
    add_socket(parser)


def run(context: GatewayContext) -> ExitCode:
    """Do ``streams``."""
    answer = context.client(changing=False).get("/v1/streams")
    streams = objects(answer.get("streams"))
    columns = [key for key in _COLUMNS if key in _ALWAYS or any(key in stream for stream in streams)]
    rows = [[_cell(line, key) for key in columns] for stream in streams for line in _lines(stream)]
    headers = ["AGE" if key == "age_s" else key.upper() for key in columns]
    context.output.result(answer, context.output.table(headers, rows) if rows else "no stream is open")
    return ExitCode.OK


def _lines(stream: JsonObject) -> list[JsonObject]:
    """Give the stream, and below it what else it is authorized for: pairs that came by dialback later."""
    return [stream, *({"direction": _ALSO, **pair} for pair in objects(stream.get("pairs"))[1:])]


def _cell(stream: JsonObject, key: str) -> str:
    if stream.get("direction") == _ALSO and key not in stream:
        return ""
    if key == "age_s":
        return ago(stream.get(key))
    if key == "direction" and stream.get("both_ways") is True:
        return f"{show(stream.get(key))}, both ways"
    text = show(stream.get(key))
    # Said in words: this stream began under a certificate that is no longer the one in service.
    return f"{text} (old)" if key == "generation" and stream.get("current") is False else text
