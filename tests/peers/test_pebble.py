"""Issuing from Pebble, Let's Encrypt's test server, by the commands of the documentation."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgecert.challenges.responder import ResponderSolver
from edgecert.interfaces import Issued
from edgecert.issuers.acme.assembly import Acme
from edgecert.model.request import ChallengeOptions, IssuerOptions
from edgecert.shared.clock import SystemClock
from edgecert.shared.names import from_certificate, parse_name
from tests.support.acmeparts import an_order
from tests.support.net import loopback_net
from tests.support.pebble import Pebble, is_open
from tests.support.processes import Result, run, script
from tests.support.world import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.peer("pebble")
EAB_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


@dataclass
class Edge:
    """A host that issues from Pebble."""

    pebble: Pebble
    directory: Path

    @property
    def state(self) -> Path:
        return self.directory / "state"

    def flags(self, *names: str, challenges: str = "", issuer: str = "") -> Path:
        return self.pebble.write_flags(self.directory / "edge.toml", names=names, challenges=challenges, issuer=issuer)

    def edgecert(self, verb: str, *arguments: str, environ: dict[str, str] | None = None) -> Result:
        flags = ("-c", str(self.directory / "edge.toml"), "--state-dir", str(self.state), "--json")
        return run((script("edgecert"), verb, *arguments, *flags), environ=environ)

    def issue(self, *arguments: str) -> Any:  # the result's JSON
        done = self.edgecert("issue", *arguments)
        assert done.code == 0, done.stderr + done.stdout
        return done.document["result"]["certificates"][0]

    @property
    def account_url(self) -> str:
        return str(json.loads(next(self.state.glob("accounts/*/account.json")).read_bytes())["url"])

    def orders(self) -> set[str]:
        """The order that each request had."""
        return {json.loads(path.read_bytes())["order"] for path in self.state.glob("requests/*/*/order.json")}


def running(directory: Path, reuse: int) -> Iterator[Pebble]:
    """Half of all nonces refused; valid authorizations given again in ``reuse`` percent of all orders."""
    environ = {"PEBBLE_WFE_NONCEREJECT": "50", "PEBBLE_AUTHZREUSE": str(reuse)}
    with loopback_net() as net, Pebble(directory, net, environ) as server:
        yield server


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    yield from running(tmp_path_factory.mktemp("pebble"), 0)


@pytest.fixture
def edge(pebble: Pebble, tmp_path: Path) -> Edge:
    return Edge(pebble, tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Edge]:
    """A server of the test's own."""
    with loopback_net() as net, Pebble(tmp_path / "pebble", net) as server:
        yield Edge(server, tmp_path)


def test_one_name_and_nothing_to_do_after_it(edge: Edge) -> None:
    edge.flags()
    certificate = edge.issue()
    assert certificate["names"] == ["sip.contoso.com"]
    assert certificate["action"] == "issued"
    assert certificate["findings"] == ["usage-added"], "this server adds clientAuth"
    assert edge.issue()["action"] == "unchanged"
    assert not is_open(edge.pebble.edge, 5002)


def test_what_is_stored_is_a_chain_that_openssl_accepts(edge: Edge) -> None:
    edge.flags()
    path = Path(edge.issue()["path"])
    root = edge.directory / "root.pem"
    root.write_bytes(edge.pebble.root())
    command = ["openssl", "verify", "-CAfile", str(root), "-untrusted", str(path / "chain.pem"), str(path / "cert.pem")]
    assert "OK" in subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_fifty_names_at_once(edge: Edge) -> None:
    names = [f"host{number}.contoso.com" for number in range(49)]
    edge.flags(*names)
    assert set(edge.issue()["names"]) == {"sip.contoso.com", *names}


def test_fifty_names_of_every_kind_in_one_order(edge: Edge) -> None:
    wild, address = "*.fabrikam.com", edge.pebble.edge
    names = (wild, "fabrikam.com", "bücher.com", address, *(f"host{number}.contoso.com" for number in range(45)))
    edge.flags(*names, challenges=edge.pebble.dns_01(wild) + edge.pebble.http_01())
    found = set(edge.issue()["names"])
    assert len(found) == 50
    assert {"sip.contoso.com", wild, "fabrikam.com", "xn--bcher-kva.com", address} <= found
    assert len(edge.orders()) == 1


def test_names_that_the_ca_knows_already_are_not_proven_again(tmp_path: Path) -> None:
    for server in running(tmp_path / "pebble", 100):
        edge = Edge(server, tmp_path)
        edge.flags(challenges=server.dns_01())
        edge.issue()
        server.hook_log.unlink()
        assert edge.issue("--force")["generation"] == 2
        assert not server.hook_log.exists()


def test_a_wildcard_beside_its_domain_and_a_domain_in_letters_of_its_own(own: Edge) -> None:
    wild = ("*.fabrikam.com", "fabrikam.com", "bücher.com")
    own.flags(*wild, challenges=own.pebble.dns_01(*wild) + own.pebble.http_01())
    certificate = own.issue()
    assert set(certificate["names"]) == {"sip.contoso.com", "*.fabrikam.com", "fabrikam.com", "xn--bcher-kva.com"}
    calls = [line.split()[:2] for line in own.pebble.hook_log.read_text(encoding="utf-8").splitlines()]
    name = "_acme-challenge.fabrikam.com"
    assert calls.count(["present", name]) == calls.count(["clean-up", name]) == 2
    assert ["present", "_acme-challenge.xn--bcher-kva.com"] in calls


def test_files_below_the_webroot_of_a_server_that_runs_already(own: Edge) -> None:
    webroot = own.directory / "www"
    webroot.mkdir()
    serve = [sys.executable, "-m", "http.server", "5002", "--bind", own.pebble.edge, "--directory", str(webroot)]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            own.pebble.server.wait_until(lambda: is_open(own.pebble.edge, 5002), what="the web server to listen")
            own.flags(challenges=f'[[issuer.challenges]]\ntype = "http-01"\nwebroot = "{webroot}"\n')
            assert own.issue()["action"] == "issued"
        finally:
            server.terminate()
    assert [path for path in webroot.rglob("*") if path.is_file()] == []


def test_an_address(edge: Edge) -> None:
    # An address of this host's own is private, which the plan refuses for ACME; so it is asked of the issuer itself.
    order = an_order("sip.contoso.com", edge.pebble.edge)
    (edge.directory / "state" / "requests" / order.lineage / order.request_id).mkdir(parents=True)
    challenges = (ChallengeOptions(type="http-01", listen=edge.pebble.listen),)
    options = IssuerOptions(
        kind="acme",
        directory=edge.pebble.url,
        directory_ca_file=str(edge.pebble.ca_file),
        accept_terms=True,
        challenges=challenges,
    )
    acme = Acme(
        options, edge.state, SystemClock(), lambda _: None, Watcher(), lambda entry: ResponderSolver(entry.listen)
    )
    issued = acme.issue(order)
    assert isinstance(issued, Issued)
    leaf = issued.certificates[0]
    assert set(from_certificate(leaf)) == {parse_name("sip.contoso.com"), parse_name(edge.pebble.edge)}


def test_an_external_account(tmp_path: Path) -> None:
    with loopback_net() as net, Pebble(tmp_path / "pebble", net, eab={"kid-1": EAB_KEY}) as server:
        edge = Edge(server, tmp_path)
        edge.flags()
        refused = edge.edgecert("issue")
        assert (refused.code, refused.document["error"]["code"]) == (6, "eab-required")
        wrong = tmp_path / "wrong.key"
        wrong.write_text(EAB_KEY[::-1], encoding="utf-8")
        wrong.chmod(0o600)
        for kid, file in (("kid-1", wrong), ("kid-2", wrong)):
            edge.flags(issuer=f'eab_kid = "{kid}"\neab_hmac_key_file = "{file}"\n')
            refused = edge.edgecert("issue")
            assert (refused.code, refused.document["error"]["code"]) == (6, "eab-refused"), refused.stdout
        key = tmp_path / "eab.key"
        key.write_text(f"{EAB_KEY}\n", encoding="utf-8")
        key.chmod(0o600)
        edge.flags(issuer=f'eab_kid = "kid-1"\neab_hmac_key_file = "{key}"\n')
        assert edge.issue()["action"] == "issued"


def test_a_ca_that_lost_its_accounts_gets_the_same_key_again(own: Edge) -> None:
    own.flags()
    own.issue()
    old, key = own.account_url, next(own.state.glob("accounts/*/key.pem")).read_bytes()
    own.pebble.restart()
    done = own.edgecert("issue", "--force")
    assert done.code == 0, done.stdout
    assert own.account_url != old or done.document["warnings"] == []
    assert next(own.state.glob("accounts/*/key.pem")).read_bytes() == key


@pytest.mark.parametrize(
    "label", ["acme-registered", "acme-order-placed", "acme-presented", "acme-answered", "acme-finalized"]
)
def test_a_run_killed_between_two_steps_is_gone_on_with(edge: Edge, label: str) -> None:
    challenges = edge.pebble.dns_01("sip.contoso.com")
    edge.flags(challenges=challenges)
    killed = edge.edgecert("issue", environ={"EDGECERT_TEST_CRASH_AT": f"{label}:1"})
    assert killed.code == -9, killed.stdout + killed.stderr
    before = edge.orders()
    requests = set(edge.state.glob("requests/edge/*"))
    edge.pebble.hook_log.unlink(missing_ok=True)
    assert edge.issue()["generation"] == 1
    assert before <= edge.orders()
    assert len(edge.orders()) == 1
    assert set(edge.state.glob("requests/edge/*")) == requests
    state = json.loads(next(edge.state.glob("requests/edge/*/order.json")).read_bytes())
    assert state["presented"] == []


def test_a_name_that_leads_elsewhere_fails_with_its_reason_and_the_next_run_may_do(own: Edge) -> None:
    own.flags()
    answer = own.edgecert("issue", "--challenges", f"type=http-01,listen={own.pebble.net}9:5002")
    assert answer.code == 6
    error = answer.document["error"]
    assert error["code"] == "acme-challenge-failed"
    assert "sip.contoso.com: http-01: " in error["message"]
    assert own.issue()["action"] == "issued"


def test_a_ca_that_is_not_there_is_a_network_error_and_the_request_stays(own: Edge) -> None:
    own.flags()
    own.pebble.server.stop()
    answer = own.edgecert("issue")
    assert (answer.code, answer.document["error"]["code"]) == (7, "acme-unreachable")
    own.pebble.restart()
    assert own.issue()["generation"] == 1
    assert len(set(own.state.glob("requests/edge/*"))) == 1


def test_a_renewal_by_the_saved_settings_alone(edge: Edge) -> None:
    edge.flags()
    edge.issue()
    (edge.directory / "edge.toml").unlink()
    done = run((script("edgecert"), "renew", "edge", "--force", "--state-dir", str(edge.state), "--json"))
    assert done.code == 0, done.stdout
    assert done.document["result"]["lineages"][0]["certificate"]["generation"] == 2


def test_the_account_is_shown_changed_and_closed(own: Edge) -> None:
    own.flags(issuer='email = "pki@contoso.com"')
    own.issue()
    shown = own.edgecert("account", "show").document["result"]
    assert (shown["url"], shown["status"], shown["contact"]) == (own.account_url, "valid", ["mailto:pki@contoso.com"])
    own.flags(issuer='email = "edge@contoso.com"')
    assert own.edgecert("account", "update").document["result"]["contact"] == ["mailto:edge@contoso.com"]
    key = next(own.state.glob("accounts/*/key.pem"))
    before = key.read_bytes()
    assert own.edgecert("account", "roll-over").document["result"] == {"url": shown["url"], "status": "valid"}
    assert key.read_bytes() != before
    assert own.issue("--force")["generation"] == 2
    assert own.edgecert("account", "deactivate", "--yes").document["result"]["status"] == "deactivated"
    assert own.issue("--force")["generation"] == 3
    assert own.account_url != shown["url"]


def test_a_certificate_is_revoked_by_its_account_and_by_its_own_key(own: Edge) -> None:
    own.flags()
    for by in ("account", "certificate-key"):
        number = own.issue("--force")["generation"]
        own.issue("--force")
        if by == "certificate-key":
            for file in own.state.glob("accounts/*/*"):
                file.unlink()
        revoke = ("revoke", "edge", "--generation", str(number), "--reason", "superseded", "--confirm", "edge")
        done = own.edgecert(*revoke)
        assert done.code == 0, done.stderr + done.stdout
        assert done.document["result"]["revoked_by"] == by
