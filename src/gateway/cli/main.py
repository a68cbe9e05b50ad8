"""``edgecert-gateway``: finds the verb, runs it, and turns what went wrong into a message and an exit code.

Nothing but the frame is loaded before the verb is known; each verb loads what it needs when it runs.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol, cast

from edgecert.shared.clock import SystemClock
from edgecert.shared.commandline import Verb, open_output, run_program, split_arguments
from edgecert.shared.errors import ExitCode, UsageError
from edgecert.shared.version import VERSION
from gateway.cli.context import GatewayContext

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from edgecert.shared.output import Output
    from edgecert.shared.parser import Parser

PROGRAM: Final = "edgecert-gateway"


RUNNING, LOOKING, CHANGING, SETTING_UP = "Run it", "Look", "Change what runs", "Set up"

VERBS: Final[Mapping[str, Verb]] = {
    "serve": Verb("serve", "run the gateway in the foreground", RUNNING),
    "status": Verb("status", "show certificates, listeners, streams and partners of the running gateway", LOOKING),
    "streams": Verb("streams", "list the open streams, what proves them, and which generation they live on", LOOKING),
    "queue": Verb("queue", "list the stanzas that wait for partners, and when the next attempt is made", LOOKING),
    "panel": Verb("panel", "show and change partners, contacts and certificates on a terminal, live", LOOKING),
    "partner": Verb("partner", "list and change the partners; a change is live at once", CHANGING),
    "contacts": Verb("contacts", "list and change which partners' users may reach which home users", CHANGING),
    "swap": Verb("swap", "put a generation into service that the gateway already holds", CHANGING),
    "reload": Verb("reload", "read limits, trust, access and certificates again", CHANGING),
    "check": Verb("check", "see whether the configuration and this host are fit for serving", SETTING_UP),
    "echo": Verb("echo", "run a component that answers every message, to try an installation", SETTING_UP),
    "print-units": Verb("print_units", "print systemd units, sysusers and tmpfiles", SETTING_UP),
    "completion": Verb("completion", "print the completion script for a shell", SETTING_UP),
}
"""All verbs: name to module below ``gateway.cli``, help and heading."""

_SWITCHES: Final = frozenset({"--json", "-q", "--quiet", "-v", "--verbose"})
_VALUES: Final = frozenset({"-c", "--config"})


class VerbModule(Protocol):
    """What the module of a verb offers."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's arguments."""
        ...

    def run(self, context: GatewayContext) -> ExitCode:
        """Do it."""
        ...


def load_verb(name: str) -> VerbModule:
    """Give the module of the verb ``name``."""
    return cast("VerbModule", importlib.import_module(f"gateway.cli.{VERBS[name].module}"))


def build_parser(name: str) -> Parser:
    """Give the parser of the verb ``name``, its arguments added."""
    from edgecert.shared.parser import Parser

    text = VERBS[name].help
    parser = Parser(prog=f"{PROGRAM} {name}", description=f"{text[0].upper()}{text[1:]}.")
    load_verb(name).configure(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the process's) and give its exit code."""
    return run_program(PROGRAM, argv, lambda arguments, output: _dispatch(arguments, output, os.environ))


def _dispatch(arguments: list[str], output: Output, environ: Mapping[str, str]) -> int:
    leading, rest = split_arguments(arguments, switches=_SWITCHES, values=_VALUES, hint=f"{PROGRAM} --help")
    if "--version" in leading:
        output.result({"version": VERSION}, f"{PROGRAM} {VERSION}")
        return ExitCode.OK
    if "-h" in leading or "--help" in leading:
        output.result({"verbs": {name: verb.help for name, verb in VERBS.items()}}, overview())
        return ExitCode.OK
    if not rest:
        raise UsageError("no verb given", hint=f"{PROGRAM} --help lists the verbs")
    name, *own = rest
    if name not in VERBS:
        from edgecert.shared.parser import nearest

        near = nearest(name, VERBS)
        raise UsageError(f"there is no verb {name!r}{near}", hint=f"{PROGRAM} --help lists the verbs")
    args = build_parser(name).parse_args([*own, *leading])
    values = vars(args)
    own_output = open_output(
        PROGRAM, json=bool(values.get("json")), quiet=bool(values.get("quiet")), verbose=int(values.get("verbose") or 0)
    )
    return load_verb(name).run(GatewayContext(args, own_output, environ, SystemClock()))


def overview() -> str:
    """Give the text of ``edgecert-gateway --help``: the verbs under their headings."""
    lines = [f"usage: {PROGRAM} VERB [options]", "", "Federates home domains with XMPP partners."]
    for group in (RUNNING, LOOKING, CHANGING, SETTING_UP):
        lines += ["", f"{group}:"]
        lines += [f"  {name:<12} {verb.help}" for name, verb in VERBS.items() if verb.group == group]
    lines += [
        "",
        "Every verb:",
        "  -h, --help         what the verb does and takes",
        "  -c, --config FILE  configuration (default: /etc/edgecert-gateway/gateway.toml)",
        "  --json             one JSON document on stdout",
        "  -q, -v             less, more on stderr",
        "  --version          version",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
