"""The commands of the guides to ACME, run as they stand there against the strict ACME server."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.acmehost import AcmeHost, acme_host
from tests.support.acmejose import unb64
from tests.support.processes import script

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDES: Final = Path(__file__).parents[3] / "docs" / "howto"
EAB_KEY: Final = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
# The lab of the guide needs packages and programs that go on running: tests/peers runs its command.
LAB: Final = "## Try it in a lab"


def page(name: str) -> str:
    return (GUIDES / name).read_text(encoding="utf-8").partition(LAB)[0]


def commands(text: str) -> list[list[str]]:
    """Give the words of each edgecert command of the page, in their order."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$ edgecert ")]
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[AcmeHost]:
    with acme_host(tmp_path) as made:
        yield made


def write_flags(host: AcmeHost, text: str) -> None:
    """Write the page's flags file, with this test's CA and addresses in the place of the page's."""
    flags = next(block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "version = 1" in block)
    flags = re.sub(r'directory = ".*?"', f'directory = "{host.server.url}"', flags)
    flags = flags.replace("0.0.0.0:80", host.listen)
    if "directory_ca_file" not in flags:
        flags = flags.replace('kind = "acme"', 'kind = "acme"\ndirectory_ca_file = "corp-root.pem"')
    host.flags_file.write_text(flags, encoding="utf-8")
    (host.directory / "corp-root.pem").write_bytes(host.server.pki.ca_file.read_bytes())


def run_all(host: AcmeHost, text: str) -> list[str]:
    """Run each command of the page in the flags file's directory, and give what was run."""
    done = []
    for program, *words in commands(text):
        argv = [script(program), *words, "--state-dir", str(host.state), "--yes"]
        ran = subprocess.run(argv, cwd=host.directory, capture_output=True, text=True, check=False, timeout=60)
        assert ran.returncode == 0, f"{shlex.join(words)}\n{ran.stdout}{ran.stderr}"
        done.append(" ".join(word for word in words if not word.startswith("-") and word != "edge.toml"))
    return done


def test_a_private_ca(host: AcmeHost) -> None:
    host.server.eab = {"kid-1": unb64(EAB_KEY), "kid-2": unb64(EAB_KEY)}
    key = host.directory / "eab.key"
    key.write_text(f"{EAB_KEY}\n", encoding="utf-8")
    key.chmod(0o600)
    write_flags(host, page("private-acme.md"))
    run = run_all(host, page("private-acme.md"))
    assert {"plan", "issue", "account show", "account show second", "account roll-over"} <= set(run)
    assert len(host.server.ca.issued) == 1
    assert len(host.server.accounts) == 2


def test_a_public_ca(host: AcmeHost) -> None:
    hook = host.directory / "edge-dns"
    hook.write_text("#!/bin/sh\n", encoding="utf-8")
    hook.chmod(0o700)
    text = page("acme.md").replace("/usr/local/sbin/edge-dns", str(hook))
    host.server.looking = Both(host)
    write_flags(host, text)
    run = run_all(host, text)
    assert {"issue", "apply", "account show", "account update", "account roll-over", "account deactivate"} <= set(run)
    assert len(host.server.ca.issued) == 1
    assert len(host.server.accounts) == 1


class Both:
    """What the guide's own program for the DNS publishes is taken for granted; http-01 is looked for."""

    def __init__(self, host: AcmeHost) -> None:
        self._network = host.server.looking

    def look(self, kind: str, identifier: str, token: str, key_authorization: str) -> bool:
        return kind == "dns-01" or self._network.look(kind, identifier, token, key_authorization)
