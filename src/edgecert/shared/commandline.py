"""The frame of a command line: what went wrong becomes a message and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

from edgecert.shared.errors import EdgecertError, ExitCode, PermissionDeniedError, UsageError
from edgecert.shared.output import Output, colour_wanted, silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType


class Done(Exception):  # noqa: N818  # no fault: the run has said all it has to say
    """Ends a run early and without fault."""

    def __init__(self, code: ExitCode = ExitCode.OK) -> None:
        """End with ``code``."""
        super().__init__()
        self.code = code


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb lives, what it does in one line, and under which heading the help lists it."""

    module: str
    help: str
    group: str


def open_output(program: str, *, json: bool, quiet: bool = False, verbose: int = 0) -> Output:
    """Give the voice of a run on the process's streams."""
    colour = colour_wanted(sys.stderr, os.environ) and colour_wanted(sys.stdout, os.environ)
    return Output(sys.stdout, sys.stderr, json=json, quiet=quiet, verbose=verbose, colour=colour, program=program)


def run_program(program: str, argv: Sequence[str] | None, dispatch: Callable[[list[str], Output], int]) -> int:
    """Run the command line ``argv`` (default: the process's) by ``dispatch`` and give the process's exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    leave_no_core()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a name's letters gets escapes instead of a traceback.
            stream.reconfigure(errors="backslashreplace")
    given = arguments[: arguments.index("--")] if "--" in arguments else arguments
    output = open_output(program, json="--json" in given, verbose=int("-v" in given or "--verbose" in given))
    try:
        with terminable():
            code = guard(output, lambda: dispatch(arguments, output))
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
        code = ExitCode.FAILED
    return int(code)


def leave_no_core() -> None:
    """See to it that a crash writes no core file: private keys are in the memory of both programs."""
    import resource  # noqa: PLC0415  # only a process of ours needs it, not whoever imports the frame

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end what runs in the context as Ctrl-C does: what was begun is cleaned up, not left behind.

    A service manager's stop is no less orderly than a person's. A program with a loop of its own puts its own handler
    in the place of this one. A signal that whoever started us had ignored stays ignored.
    """
    here = threading.current_thread() is threading.main_thread()  # no other thread may set a handler
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def leave_interrupts_to_main_thread() -> None:
    """Keep SIGINT and SIGTERM from the thread that calls this, and from those that it starts.

    The system may hand a signal to any thread, but only the main one can act on it; while that waits for an answer it
    would not even wake up (signal(7), "signal mask and pending signals").
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def split_arguments(
    arguments: Sequence[str], *, switches: frozenset[str], values: frozenset[str], hint: str
) -> tuple[list[str], list[str]]:
    """Part what stands before the verb (options every verb has) from the verb and its own arguments.

    ``values`` are those of the options that take one.

    Raises:
        UsageError: an option stands there that only a verb knows.
    """
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        option, _, value = arguments[at].partition("=")
        if option in values and not value:
            at += 1
        elif option not in switches | values | {"-h", "--help", "--version"}:
            raise UsageError(f"{option} has to stand after the verb it belongs to", hint=hint)
        at += 1
    return list(arguments[:at]), list(arguments[at:])


class Action(Protocol):
    """What :func:`guard` runs."""

    def __call__(self) -> int:
        """Do it and give the exit code."""
        ...


def guard(output: Output, action: Action) -> int:
    """Run ``action`` and turn whatever it raises into a message on ``output`` and an exit code.

    Raises:
        BrokenPipeError: nobody reads the output any more; there is nobody left to tell.
    """
    try:
        return action()
    except EdgecertError as error:
        output.failure(error)
        return error.exit_code
    except Done as done:
        return done.code
    except SystemExit as leaving:  # argparse's way out of --help
        return leaving.code if isinstance(leaving.code, int) else ExitCode.OK
    except KeyboardInterrupt:
        output.failure(EdgecertError("interrupted", code="interrupted"))
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except PermissionError as error:
        return _permission(output, error)
    except Exception as error:  # noqa: BLE001  # the top of the program: whatever it is, the person gets a message
        return _unexpected(output, error)


def _permission(output: Output, error: PermissionError) -> ExitCode:
    place = f"{error.filename}: " if error.filename else ""
    hint = "run it as the user who owns that file (sudo -u USER …)"
    output.failure(PermissionDeniedError(f"{place}{error.strerror or error}", hint=hint))
    return ExitCode.PERMISSION


def _unexpected(output: Output, error: Exception) -> ExitCode:
    from edgecert.shared.logs import scrub  # noqa: PLC0415  # only for a fault of ours

    if output.verbose:
        import traceback  # noqa: PLC0415  # as above, with --verbose

        output.detail(scrub("".join(traceback.format_exception(error))).rstrip())
    code = "operating-system" if isinstance(error, OSError) else "internal"
    hint = "" if output.verbose else "run it again with --verbose to see where"
    output.failure(EdgecertError(scrub(f"{type(error).__name__}: {error}"), code=code, hint=hint))
    return ExitCode.FAILED
