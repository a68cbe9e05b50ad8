from __future__ import annotations

import shutil
import subprocess

import pytest

from gateway.cli.main import VERBS
from tests.support.gatewaycli import gateway_cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_knows_every_verb_and_its_options(shell: str) -> None:
    result = gateway_cli("completion", shell)
    assert result.code == 0
    assert all(verb in result.stdout for verb in VERBS)
    assert "close-old-streams" in result.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_reads_the_script() -> None:
    script = gateway_cli("completion", "bash").stdout
    done = subprocess.run(["bash", "-n"], input=script, text=True, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
