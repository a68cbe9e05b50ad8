from __future__ import annotations

import io
import resource
import signal
import threading

import pytest

from edgecert.shared.commandline import (
    Done,
    guard,
    leave_interrupts_to_main_thread,
    run_program,
    split_arguments,
    terminable,
)
from edgecert.shared.errors import EdgecertError, ExitCode, LockedError, NetworkError, UsageError
from edgecert.shared.output import Output


def guarded(error: BaseException, *, verbose: int = 0) -> tuple[int, str]:
    def action() -> int:
        raise error

    stderr = io.StringIO()
    code = guard(Output(io.StringIO(), stderr, verbose=verbose), action)
    return code, stderr.getvalue()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EdgecertError("broke"), ExitCode.FAILED),
        (NetworkError("away"), ExitCode.NETWORK),
        (LockedError("busy"), ExitCode.LOCKED),
        (Done(), ExitCode.OK),
        (Done(ExitCode.WAITING), ExitCode.WAITING),
        (SystemExit(0), ExitCode.OK),
        (SystemExit(2), ExitCode.USAGE),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (PermissionError(13, "Permission denied", "/etc/x"), ExitCode.PERMISSION),
        (OSError(28, "No space left on device"), ExitCode.FAILED),
        (ValueError("a fault of ours"), ExitCode.FAILED),
    ],
    ids=repr,
)
def test_whatever_happens_has_its_exit_code(error: BaseException, code: ExitCode) -> None:
    assert guarded(error)[0] == code


def test_a_file_of_somebody_else_is_named_with_the_way_out() -> None:
    _, stderr = guarded(PermissionError(13, "Permission denied", "/etc/x"))
    assert "/etc/x: Permission denied [permission]" in stderr
    assert "sudo -u" in stderr


def test_a_fault_of_ours_shows_its_traceback_only_when_asked_and_without_keys() -> None:
    fault = ValueError("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----")
    _, short = guarded(ValueError("broken"))
    assert "Traceback" not in short
    assert "--verbose" in short
    _, long = guarded(fault, verbose=1)
    assert "Traceback" in long
    for said in (long, guarded(fault)[1]):
        assert "MIGH" not in said
        assert "ValueError: [PRIVATE KEY removed]" in said


def test_a_reader_that_went_away_is_left_to_the_caller() -> None:
    with pytest.raises(BrokenPipeError):
        guarded(BrokenPipeError())


def test_a_stop_by_the_service_manager_is_an_interruption_that_cleans_up() -> None:
    cleaned = []

    def action() -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            cleaned.append("cleaned")
        return 0

    with terminable():
        assert guard(Output(io.StringIO(), io.StringIO()), action) == ExitCode.INTERRUPTED
    assert cleaned == ["cleaned"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_another_program_said_about_the_signal_stays() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with terminable():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_thread_that_may_set_no_handler_goes_on_without() -> None:
    seen = []

    def action() -> None:
        with terminable():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=action)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]


def test_a_thread_beside_the_main_one_is_handed_no_interrupt() -> None:
    masks = []

    def action() -> None:
        leave_interrupts_to_main_thread()
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    thread = threading.Thread(target=action)
    thread.start()
    thread.join()
    assert masks == [{signal.SIGINT, signal.SIGTERM}]
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_crash_would_leave_no_core_file_with_keys_in_it() -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        assert run_program("edgecert", [], lambda *_: resource.getrlimit(resource.RLIMIT_CORE)[0]) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_what_stands_before_the_verb_is_parted_from_what_is_the_verbs() -> None:
    def split(*arguments: str) -> tuple[list[str], list[str]]:
        known = {"switches": frozenset({"--json"}), "values": frozenset({"-c", "--config"})}
        return split_arguments(arguments, **known, hint="see --help")

    assert split("--json", "-c", "FILE", "list", "--all") == (["--json", "-c", "FILE"], ["list", "--all"])
    assert split("--config=FILE", "list") == (["--config=FILE"], ["list"])
    assert split("--help") == (["--help"], [])
    with pytest.raises(UsageError, match="--all has to stand after the verb") as caught:
        split("--all", "list")
    assert caught.value.hint == "see --help"
