from __future__ import annotations

import io

import pytest

from edgecert.shared.commandline import Done, guard
from edgecert.shared.errors import EdgecertError, ExitCode, LockedError, NetworkError
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
    assert "MIGH" not in long.partition("Traceback")[2].partition("edgecert: error")[0]


def test_a_reader_that_went_away_is_left_to_the_caller() -> None:
    with pytest.raises(BrokenPipeError):
        guarded(BrokenPipeError())
