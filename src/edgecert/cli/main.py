"""``edgecert``: finds the verb, runs it, and turns what went wrong into a message and an exit code.

Nothing but argparse and the frame is loaded before the verb is known; each verb loads what it needs when it runs.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol, cast

from edgecert.cli.context import CliContext
from edgecert.shared.clock import SystemClock
from edgecert.shared.commandline import Verb, open_output, run_program, split_arguments
from edgecert.shared.errors import ExitCode, UsageError
from edgecert.shared.version import VERSION

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from edgecert.shared.output import Output
    from edgecert.shared.parser import Parser


GETTING, LIVING, LOOKING, TOOLS = "Get a certificate", "Keep it in service", "Look", "Tools"

VERBS: Final[Mapping[str, Verb]] = {
    "wizard": Verb("wizard", "ask page by page, then issue, deploy and verify", GETTING),
    "plan": Verb("plan", "show which names the certificate needs, and why", GETTING),
    "apply": Verb("apply", "make true what the flags file says: issue, deploy, verify", GETTING),
    "issue": Verb("issue", "get the certificate without deploying it", GETTING),
    "request": Verb("request", "make key and CSR now, to be sent to a CA by a person", GETTING),
    "import": Verb("import_", "take in what the CA sent", GETTING),
    "deploy": Verb("deploy", "put a generation into service on its targets, now or at a date", LIVING),
    "rollback": Verb("rollback", "put the previous generation back into service", LIVING),
    "renew": Verb("renew", "finish open deployments and renew what is due", LIVING),
    "revoke": Verb("revoke", "have the CA take a certificate back; never deploy it again", LIVING),
    "settings": Verb("settings", "show or change a certificate's saved settings", LIVING),
    "rename": Verb("rename", "give a certificate another name", LIVING),
    "remove": Verb("remove", "take a certificate out of the store", LIVING),
    "prune": Verb("prune", "take away old generations", LIVING),
    "list": Verb("list", "list the certificates, days left, and where they are deployed", LOOKING),
    "show": Verb("show", "show one certificate with its history", LOOKING),
    "check": Verb("check", "see whether store, chain and listeners are as they should be", LOOKING),
    "export": Verb("export", "write certificate and key as PEM or PKCS#12", LOOKING),
    "dns": Verb("dns", "show, verify, publish or remove the DNS records of an edge", TOOLS),
    "account": Verb("account", "show, update or close the account at an ACME CA", TOOLS),
    "ca": Verb("ca", "show, export or extend the built-in local CA", TOOLS),
    "config": Verb("config", "check configuration files; print their schema", TOOLS),
    "explain": Verb("explain", "say what an error or finding code means and how to mend it", TOOLS),
    "completion": Verb("completion", "print the completion script for a shell", TOOLS),
}
"""All verbs: name to module below ``edgecert.cli``, help and heading."""

_GLOBAL_SWITCHES: Final = frozenset({"--json", "--yes", "-y", "-q", "--quiet", "-v", "-vv", "--verbose"})
_GLOBAL_VALUES: Final = frozenset({"-c", "--flags-file", "--state-dir", "--kek-file", "--lock-timeout"})


class VerbModule(Protocol):
    """What the module of a verb offers."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's arguments."""
        ...

    def run(self, context: CliContext) -> ExitCode:
        """Do it."""
        ...


def load_verb(name: str) -> VerbModule:
    """Give the module of the verb ``name``."""
    return cast("VerbModule", importlib.import_module(f"edgecert.cli.{VERBS[name].module}"))


def build_parser(name: str) -> Parser:
    """Give the parser of the verb ``name``, its arguments added."""
    from edgecert.shared.parser import Parser

    parser = Parser(prog=f"edgecert {name}", description=_sentence(VERBS[name].help))
    load_verb(name).configure(parser)
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the process's) and give its exit code."""
    return run_program("edgecert", argv, lambda arguments, output: _dispatch(arguments, output, os.environ))


def _dispatch(arguments: list[str], output: Output, environ: Mapping[str, str]) -> int:
    leading, rest = split_arguments(arguments, switches=_GLOBAL_SWITCHES, values=_GLOBAL_VALUES, hint=short_help())
    if "--version" in leading:
        return _version(output)
    if "-h" in leading or "--help" in leading:
        output.result({"verbs": {name: verb.help for name, verb in VERBS.items()}}, overview())
        return ExitCode.OK
    if not rest:
        from edgecert.shared.terminal import has_terminal

        if not has_terminal(environ):
            raise UsageError("no verb given", hint=short_help())
        rest = ["wizard"]
    name, *own = rest
    if name not in VERBS:
        from edgecert.shared.parser import nearest

        near = nearest(name, VERBS)
        raise UsageError(f"there is no verb {name!r}{near}", hint="edgecert --help lists the verbs")
    parser = build_parser(name)
    end = own.index("--") if "--" in own else len(own)
    args = parser.parse_args([*own[:end], *leading, *own[end:]])
    values = vars(args)
    context = CliContext(
        args=args,
        output=open_output(
            "edgecert",
            json=bool(values.get("json")),
            quiet=bool(values.get("quiet")),
            verbose=int(values.get("verbose") or 0),
        ),
        environ=environ,
        clock=SystemClock(),
        argv=tuple(arguments),
    )
    return load_verb(name).run(context)


def _version(output: Output) -> ExitCode:
    libraries: dict[str, str] = {}
    if output.verbose:
        from edgecert.cli.versions import library_versions

        libraries = library_versions()
    lines = [f"edgecert {VERSION}", *(f"{name} {version}" for name, version in libraries.items())]
    output.result({"version": VERSION, **({"libraries": libraries} if libraries else {})}, "\n".join(lines))
    return ExitCode.OK


def overview() -> str:
    """Give the text of ``edgecert --help``: the verbs under their headings."""
    lines = ["usage: edgecert VERB [options]", "", "Plans, gets, deploys and renews the certificates of an edge host."]
    for group in (GETTING, LIVING, LOOKING, TOOLS):
        lines += ["", f"{group}:"]
        lines += [f"  {name:<11} {verb.help}" for name, verb in VERBS.items() if verb.group == group]
    lines += [
        "",
        "Every verb:",
        "  -h, --help              what the verb does and takes",
        "  -c, --flags-file FILE   the flags file (TOML) that says what is wanted",
        "  --state-dir DIR         where certificates are kept",
        "  --json                  one JSON document on stdout",
        "  -q, -v                  less, more on stderr",
        "  --version [-v]          version; with -v also of the libraries",
        "",
        "`edgecert` alone asks for all it needs. Or start with `edgecert plan -c FILE`;",
        "`edgecert apply -c FILE` does the rest.",
    ]
    return "\n".join(lines)


def short_help() -> str:
    """Give what is said when no verb is given."""
    return "\n".join(
        (
            "edgecert                 on a terminal: the wizard",
            "edgecert plan -c FILE    show which names are needed",
            "edgecert apply -c FILE   get the certificate and put it into service",
            "edgecert renew           renew what is due",
            "edgecert list            what there is",
            "edgecert --help          all verbs",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
