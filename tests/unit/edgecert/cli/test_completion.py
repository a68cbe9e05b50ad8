from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from edgecert.cli.main import VERBS
from edgecert.shared.errors import ExitCode

if TYPE_CHECKING:
    from tests.unit.edgecert.cli.conftest import Cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_knows_verbs_and_options(cli: Cli, shell: str) -> None:
    ran = cli("completion", shell)
    assert ran.code == ExitCode.OK
    for name in VERBS:
        assert name in ran.stdout
    assert "sip-domains" in ran.stdout or "sip_domains" in ran.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_itself_accepts_the_script(cli: Cli, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = cli("completion", shell).stdout
    run = subprocess.run([program, "-n"], input=script, text=True, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_bash_completes_a_verb(cli: Cli) -> None:
    script = cli("completion", "bash").stdout
    asked = (
        f"{script}\nCOMP_WORDS=(edgecert roll)\nCOMP_CWORD=1\n_shtab_edgecert\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    )
    run = subprocess.run(["bash"], input=asked, text=True, capture_output=True, check=False)
    assert run.stdout.split() == ["rollback"], run.stderr


def test_an_unknown_shell_is_refused(cli: Cli) -> None:
    assert cli("completion", "csh").code == ExitCode.USAGE
