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


def test_arguments_reach_the_command_as_they_are() -> None:
    with pytest.raises(DeployError, match=r"\$HOME; exit 0"):
        run_reload(("sh", "-c", 'echo "$1"; exit 1', "sh", "$HOME; exit 0"), 10)


def test_private_keys_are_not_repeated() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----"
    with pytest.raises(DeployError) as caught:
        run_reload(("sh", "-c", 'echo "$1"; exit 1', "sh", pem), 10)
    assert "MIIsecret" not in caught.value.message


def test_ends_with_all_its_children_after_the_time_out() -> None:
    # The child holds the pipe: were it alive, reading to the pipe's end would take its 1000 seconds.
    with pytest.raises(DeployError, match="killed"):
        run_reload(("sh", "-c", "sleep 1000 & wait"), 0.2)
