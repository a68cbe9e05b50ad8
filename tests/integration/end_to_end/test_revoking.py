"""The how-to on revoking by whole processes: replaced in a running gateway, then revoked at a strict CA."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.acmehost import acme_host
from tests.support.gatewayrunner import GatewayRunner

if TYPE_CHECKING:
    from tests.support.acmehost import AcmeHost
    from tests.support.processes import Result

PAGE = Path(__file__).parents[3] / "docs/howto/revoke-and-replace.md"


def commands() -> list[list[str]]:
    return [shlex.split(line)[1:] for line in re.findall(r"^# (edgecert .*)$", PAGE.read_text("utf-8"), re.MULTILINE)]


def say(host: AcmeHost, words: list[str]) -> Result:
    swap = {"edge-external": "edge", "4": "1"}
    return host.edgecert(words[0], *(swap.get(word, word) for word in words[1:]))


def test_the_pages_commands_replace_and_revoke(tmp_path: Path) -> None:
    replace, preview, revoke = commands()
    with (
        acme_host(tmp_path / "host") as host,
        GatewayRunner(tmp_path / "gateway", f"{host.net}3", ["contoso.com"]) as gateway,
    ):
        target = f'[[deploy]]\nname = "gateway"\nkind = "gateway"\ncontrol = "{gateway.control}"\n'
        host.write_flags("contoso.com", challenges=host.http_01() + target)
        (first,) = host.edgecert("apply").document["result"]["certificates"]
        assert say(host, revoke).document["error"]["code"] == "revoke-in-service"
        (renewed,) = say(host, replace).document["result"]["lineages"]
        assert (renewed["action"], renewed["certificate"]["generation"]) == ("renewed", 2)
        status: Any = gateway.status()  # any JSON
        assert [entry["serial"] for entry in status["certificates"]] == [renewed["certificate"]["serial"]]
        assert say(host, preview).document["result"]["revoked_by"] == "nobody"
        done = say(host, revoke)
        assert done.code == 0, done.stdout
        assert (done.document["result"]["serial"], done.document["result"]["revoked_by"]) == (
            first["serial"],
            "account",
        )
        assert say(host, revoke).document["result"]["revoked_by"] == "earlier"
        revoked = {f"{entry.certificate.serial_number:x}": entry.revoked for entry in host.server.ca.issued.values()}
        assert revoked == {first["serial"]: 1, renewed["certificate"]["serial"]: None}
        assert host.edgecert("deploy", "edge", "--generation", "1").document["error"]["code"] == "revoked"
