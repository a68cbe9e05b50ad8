from __future__ import annotations

import pytest

from edgecert.shared.errors import (
    ConfigError,
    ConfigProblem,
    ControlError,
    DeployError,
    EdgecertError,
    ExitCode,
    LockedError,
    MaterialError,
    NetworkError,
    PermissionDeniedError,
    PlanError,
    RefusedError,
    StoreError,
    TargetNotRunningError,
    UsageError,
    WaitingError,
)


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (EdgecertError, "failed", ExitCode.FAILED),
        (UsageError, "usage", ExitCode.USAGE),
        (MaterialError, "material", ExitCode.FAILED),
        (StoreError, "store", ExitCode.FAILED),
        (PlanError, "plan", ExitCode.FAILED),
        (DeployError, "deploy", ExitCode.FAILED),
        (TargetNotRunningError, "not-running", ExitCode.FAILED),
        (ControlError, "control", ExitCode.FAILED),
        (WaitingError, "waiting", ExitCode.WAITING),
        (RefusedError, "refused", ExitCode.REFUSED),
        (NetworkError, "network", ExitCode.NETWORK),
        (LockedError, "locked", ExitCode.LOCKED),
        (PermissionDeniedError, "permission", ExitCode.PERMISSION),
    ],
)
def test_each_error_has_its_code_and_exit_code(error: type[EdgecertError], code: str, exit_code: ExitCode) -> None:
    assert (error("x").code, error("x").exit_code) == (code, exit_code)


def test_a_more_exact_code_leaves_the_class_alone() -> None:
    assert StoreError("x", code="no-such-certificate").code == "no-such-certificate"
    assert StoreError("x").code == "store"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ConfigProblem("a.toml", 3, "k", "wrong", "key"), "a.toml:3: k: wrong (did you mean key?)"),
        (ConfigProblem("a.toml", 3, "k", "wrong"), "a.toml:3: k: wrong"),
        (ConfigProblem("a.toml", 0, "k", "wrong"), "a.toml: k: wrong"),
        (ConfigProblem("a.toml", 2, "", "wrong"), "a.toml:2: wrong"),
    ],
)
def test_a_problem_says_file_line_key_and_what(problem: ConfigProblem, text: str) -> None:
    assert str(problem) == text


def test_a_configuration_error_carries_every_problem() -> None:
    problems = [ConfigProblem("a", 1, "x", "wrong"), ConfigProblem("a", 2, "y", "wrong")]
    error = ConfigError(problems, hint="mend it")
    assert error.problems == tuple(problems)
    assert (error.message, error.hint, error.exit_code) == ("a:1: x: wrong\na:2: y: wrong", "mend it", ExitCode.USAGE)
