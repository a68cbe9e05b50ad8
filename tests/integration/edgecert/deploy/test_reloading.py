from __future__ import annotations

import pytest

from edgecert.deploy.reloading import run_reload
from edgecert.shared.errors import DeployError


def test_success_is_silent() -> None:
    run_reload(("true",), 10)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("sh", "-c", "echo first; echo reason 1>&2; exit 7"), "exit code 7: first / reason"),
        (("sh", "-c", "kill -TERM $$"), "signal 15"),
        (("/does/not/exist",), "No such file"),
    ],
)
def test_failure_says_what_the_command_said(command: tuple[str, ...], words: str) -> None:
    with pytest.raises(DeployError, match=words) as caught:
        run_reload(command, 10)
    assert caught.value.code == "reload-failed"
    assert caught.value.hint
