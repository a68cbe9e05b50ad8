"""The how-to on renewal: its notify program is told of a renewal that fails, and of its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.support.acmeca import Window
from tests.support.acmehost import acme_host
from tests.support.docblocks import block
from tests.support.pki import now

if TYPE_CHECKING:
    from pathlib import Path


def test_the_pages_program_is_told_what_is_new(tmp_path: Path) -> None:
    program, log = tmp_path / "edge-told", tmp_path / "told.log"
    program.write_text(block("howto/renewal.md", "python", "json.load"), encoding="utf-8")
    with acme_host(tmp_path / "host") as host:
        command = f'[renewal]\nnotify_command = ["{sys.executable}", "{program}", "{log}"]\n'
        assert "notify_command" in block("howto/renewal.md", "toml", "[renewal]")
        host.write_flags(challenges=host.http_01() + command)
        host.issue()
        host.server.ca.every_window = Window(now(), now())
        host.forget_when_to_ask()
        host.server.dead = frozenset({"sip.contoso.com"})
        assert [host.edgecert("renew").code for _ in range(2)] == [6, 6]
        assert host.edgecert("renew", "edge", "--force").code == 6
        host.server.dead = frozenset()
        assert host.edgecert("renew", "edge", "--force").code == 0
    lines = [line.split("\t") for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line[:4] for line in lines] == [
        ["warning", "renewal-failed", "edge", "acme-challenge-failed"],
        ["info", "renewal-recovered", "edge", "-"],
    ]


def test_the_pages_commands_prepare_a_key(tmp_path: Path) -> None:
    prepare, show = block("howto/renewal.md", "console", "--prepare-key").splitlines()
    with acme_host(tmp_path / "host") as host:
        host.write_flags()
        text = host.flags_file.read_text(encoding="utf-8")
        host.flags_file.write_text(text.replace("[topology]", '[topology]\nxmpp_domains = ["contoso.com"]'))
        host.issue()
        words = prepare.removeprefix("# edgecert ").replace("edge-external", "edge").split()
        (key,) = host.edgecert(*words).document["result"]["keys"]
        words = show.removeprefix("# edgecert ").replace("edge-external", "edge").split()
        assert key["public_key_sha256"] in host.edgecert(*words).stdout
        assert host.edgecert("renew", "edge", "--force").code == 0
        assert host.edgecert("renew", "edge", "--prepare-key").document["result"]["keys"][0]["made"] is True
