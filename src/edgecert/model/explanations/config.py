"""What is wrong with a command line, the environment or a configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.entry import Explanation

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRIES: Final[Mapping[str, Explanation]] = {
    "usage": Explanation(
        "the command line cannot be obeyed as given",
        "An argument is unknown, missing, or does not fit another. Nothing was done. Options are never abbreviated, "
        "so that a script keeps its meaning when new ones are added.",
        "the message names the argument, and the nearest known one; --help after the verb lists what it takes.",
    ),
    "configuration": Explanation(
        "a configuration file, a variable or a flag is wrong",
        "All problems are reported at once, each as file:line: key: what. Keys that nobody knows are errors, so that a "
        "misspelt key never falls back to its default unseen. For values from the environment or the command line the "
        "variable or the flag stands in the place of the file.\n\n"
        "Nothing was done.",
        "mend each line and run `edgecert config check FILE`; `edgecert config schema` prints what a flags file may "
        "hold, and --explain-config where each value comes from.",
    ),
    "unknown-environment": Explanation(
        "a variable begins with EDGECERT_ and names no key",
        "A variable sets the key whose dotted path it spells: EDGECERT_CERTIFICATE_NAME is certificate.name. This one "
        "spells none, so it has no effect. It is a warning because the variable may belong to another program.",
        "correct the name (the message tells the nearest known one) or remove the variable.",
    ),
    "secret-file": Explanation(
        "a file that should hold a secret cannot be used",
        "The file is not there, is no regular file, is empty, or is far larger than any secret. Secrets are read from "
        "files only: arguments and variables are seen by other processes.",
        "check the path in the message; one line with the secret is all that belongs into the file.",
    ),
    "secret-file-readable": Explanation(
        "others can read or write a file that holds a secret",
        "The mode of the file lets its group or everybody reach it, so the secret may be known already.",
        "chmod 600 the file; if others had access to the host, replace the secret as well.",
    ),
    "secret-file-unreadable": Explanation(
        "a file that holds a secret may not be read by this user",
        "The operating system refused to open the file.",
        "run as the user the file belongs to, or give the file to the user that runs edgecert.",
    ),
    "interrupted": Explanation(
        "the run was interrupted by Ctrl-C, or by a SIGTERM such as that of a service manager",
        "Each write is whole or not there: what was in service stays in service, a request that was begun stays open.",
        "run the same command again: it goes on where it stopped.",
    ),
    "permission": Explanation(
        "the operating system or the policy does not allow it",
        "A file or socket belongs to another user, or a policy such as `exportable = false` forbids what was asked.",
        "run as the owner of the state directory (sudo -u USER edgecert …), or change the policy and issue anew.",
    ),
    "operating-system": Explanation(
        "the operating system reported an error",
        "For example a full or read-only disk. What was written before is whole: files appear complete or not at all.",
        "the message has the system's own words; run again with --verbose to see where it happened.",
    ),
    "internal": Explanation(
        "the program met something its authors did not foresee",
        "This is a fault of edgecert. What was in service stays in service.",
        "run again with --verbose and report what is printed; private keys are removed from it.",
    ),
    "network": Explanation(
        "something on the network was not reached, or did not answer as it should",
        "A host, a listener or a name server was asked; the message says which and what came back. Nothing that was "
        "in service has changed because of it.",
        "see whether the address is right and reachable from this host (firewall, name resolution), then run it again.",
    ),
    "material": Explanation(
        "a key, a certificate or a chain is not what it must be",
        "It was refused before anything began to use it. Most such faults have a code of their own that says more.",
        "the message says which file or certificate and what is wrong with it.",
    ),
    "failed": Explanation(
        "the work failed for a reason that has no code of its own",
        "The message says what happened.",
        "run again with --verbose to see more.",
    ),
}
