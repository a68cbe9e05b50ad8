"""Moving from a real certbot, by the commands of the documentation: the account goes on, and certbot's files stay."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.net import loopback_net
from tests.support.pebble import Pebble
from tests.support.processes import Result, run, script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.peer("pebble", "certbot")
HOOK = "/bin/systemctl reload prosody"


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[Pebble]:
    with loopback_net() as net, Pebble(tmp_path / "pebble", net) as running:
        yield running


def certbot(pebble: Pebble, home: Path, *arguments: str) -> Result:
    places = [text for kind in ("config", "work", "logs") for text in (f"--{kind}-dir", str(home / kind))]
    common = ("--server", pebble.url, "--non-interactive", "--agree-tos", "--register-unsafely-without-email")
    return run(("certbot", *arguments, *places, *common), environ={"REQUESTS_CA_BUNDLE": str(pebble.ca_file)})


def digests(directory: Path) -> dict[str, str]:
    files = {path: str(path.readlink()).encode() if path.is_symlink() else b"" for path in directory.rglob("*")}
    return {
        str(path.relative_to(directory)): hashlib.sha256(link or path.read_bytes()).hexdigest()
        for path, link in files.items()
        if link or path.is_file()
    }


def test_a_lineage_of_certbots_goes_on_with_its_account(pebble: Pebble, tmp_path: Path) -> None:
    home = tmp_path / "certbot"
    names = ("-d", "contoso.com", "-d", "sip.contoso.com")
    where = ("--standalone", "--http-01-address", pebble.edge, "--http-01-port", "5002", "--deploy-hook", HOOK)
    done = certbot(pebble, home, "certonly", *names, *where, "--key-type", "ecdsa", "--reuse-key")
    assert (home / "config" / "live" / "contoso.com").is_dir(), done.stdout + done.stderr
    before = digests(home / "config")
    state = ("--state-dir", str(tmp_path / "state"), "--json")

    def edgecert(*arguments: str) -> Result:
        return run((script("edgecert"), *arguments, *state))

    looked = edgecert("import", "--certbot", str(home / "config"), "--dry-run")
    assert looked.code == 0, looked.stderr
    assert looked.document["result"]["certificates"][0]["action"] == "would-be-imported"
    assert not (tmp_path / "state" / "certificates").exists()
    taken = edgecert("import", "--certbot", str(home / "config"), "--name", "contoso.com")
    (shape,) = taken.document["result"]["certificates"]
    assert (shape["action"], shape["generation"], shape["key"]) == ("imported", 1, "ecdsa-256")
    assert [finding["code"] for finding in taken.document["result"]["findings"]] == ["certbot-hook"]
    (account,) = (tmp_path / "state").glob("accounts/*/account.json")
    (theirs,) = (home / "config").glob("accounts/*/dir/*/regr.json")
    assert json.loads(account.read_bytes())["url"] == json.loads(theirs.read_bytes())["uri"]
    assert digests(home / "config") == before
    assert edgecert("settings", "set", "contoso.com", f"issuer.directory_ca_file={pebble.ca_file}").code == 0
    renewed = edgecert("renew", "contoso.com", "--force")
    assert renewed.code == 0, renewed.stdout + renewed.stderr
    certificate = renewed.document["result"]["lineages"][0]["certificate"]
    assert (certificate["generation"], sorted(certificate["names"])) == (2, ["contoso.com", "sip.contoso.com"])
    assert json.loads(account.read_bytes())["url"] == json.loads(theirs.read_bytes())["uri"]
    assert list((tmp_path / "state").glob("accounts/*/account.json")) == [account]
    assert digests(home / "config") == before
