"""The panel as a person meets it: in a real terminal, beside a real gateway, every key pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.model.answers import objects
from tests.support.catalogue import compile_catalogue, english, foreign
from tests.support.gatewayrunner import S2S_PORT, GatewayRunner
from tests.support.net import loopback_net
from tests.support.pki import Pki
from tests.support.processes import run, script, wait_until
from tests.support.terminal import Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HOME, PARTNER = "contoso.example", "fabrikam.example"

pytestmark = pytest.mark.peer("tmux")


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[tuple[GatewayRunner, GatewayRunner]]:
    """Two gateways whose certificates are of one CA; the second knows the first, which has no partner yet."""
    pki = Pki.create(tmp_path / "pki")
    with (
        loopback_net() as net,
        GatewayRunner(tmp_path / "one", f"{net}1", [HOME], ca_file=pki.ca_file, nameservers=[f"{net}9"]) as ours,
        GatewayRunner(tmp_path / "two", f"{net}2", [PARTNER], ca_file=pki.ca_file, nameservers=[f"{net}9"]) as theirs,
    ):
        for generation in (1, 2):
            ours.push(pki.issue([HOME]).bundle(generation=generation))
        theirs.push(pki.issue([PARTNER]).bundle())
        added = theirs.run("partner", "add", HOME, "--proxy", f"{ours.address}:{S2S_PORT}")
        assert added.code == 0, added.stderr
        yield ours, theirs


def start(tmux: Tmux, gateway: GatewayRunner, *words: str, environ: Mapping[str, str] | None = None) -> None:
    tmux.environ = {"XDG_STATE_HOME": str(gateway.directory / "xdg"), "LANG": "C.UTF-8", **(environ or {})}
    tmux.start((script("edgecert-gateway"), "panel", "--config", str(gateway.config), *words), gateway.directory)


def test_a_partner_is_made_reached_and_seen_and_a_certificate_rolled_back(
    gateways: tuple[GatewayRunner, GatewayRunner],
) -> None:
    ours, theirs = gateways
    with Tmux(width=100, height=30) as tmux:
        start(tmux, ours)
        tmux.expect(f"✓ {HOME}: ready", "No partner yet")
        tmux.press("n")
        tmux.expect("New partner", "row 7")
        tmux.type(PARTNER)
        tmux.press("Enter", "Enter", "Enter", "Enter", "Right", "Right")
        tmux.expect("! Methods: row 11: dialback in the clear")
        tmux.press("Enter", "Enter", "Space")
        tmux.expect("✗ Refused: row 12: no method is left")
        tmux.press("C-s")
        tmux.expect(f"✗ partner {PARTNER}: tls not-supported")
        tmux.press("Space", "BTab", "BTab", "Left", "Left")
        tmux.expect("✓ Methods: row 7")
        tmux.press("Tab", "Tab", "Tab", "Tab", "Tab")
        tmux.type(f"{theirs.address}:{S2S_PORT}")
        tmux.press("C-s")
        tmux.expect(f"+ {PARTNER}", f"proxy: {theirs.address}:{S2S_PORT}", "▸Commit◂")
        tmux.press("Enter")
        tmux.expect(f"{PARTNER} is live", "[1 Partners]")
        assert [entry["domain"] for entry in objects(ours.client().get("/v1/partners")["partners"])] == [PARTNER]
        tmux.expect(f"▸ · {PARTNER}")
        tmux.press("t", "Enter")
        tmux.expect(f"Test of {PARTNER}", "✓ ping", "The domain can be reached.")
        tmux.press("Escape")
        tmux.expect("[1 Partners]")  # right behind it, a letter would be Alt's
        tmux.press("2")
        tmux.expect("[2 Streams]", PARTNER, "pkix", "TLSv1.3")
        tmux.press("4")
        tmux.expect("▸ ✓ edge", "generations that are held here: 1, 2")
        tmux.press("b", "Enter")
        tmux.expect("generation 1 is in service")
        wait_until(lambda: _generation(ours) == 1, what="generation 1 is in service")
        tmux.resize(60, 16)
        tmux.expect("[4 Certificates]", "edge")
        tmux.resize(80, 24)
        ours.stop()
        tmux.expect("no gateway listens")
        ours.start()
        tmux.expect(f"✓ {HOME}: ready")
        tmux.press("1")
        tmux.expect(PARTNER)
        tmux.press("q")
        tmux.expect("ended with 0")


def _generation(gateway: GatewayRunner) -> object:
    (certificate,) = objects(gateway.status()["certificates"])
    return certificate["generation"]


def test_on_the_status_socket_it_only_shows(gateways: tuple[GatewayRunner, GatewayRunner]) -> None:
    _ours, theirs = gateways
    with Tmux() as tmux:
        start(tmux, theirs, "--socket", str(theirs.status_socket))
        tmux.expect("only showing", HOME)
        tmux.press("d")
        tmux.expect("The status socket only shows")
        tmux.press("C-c")
        tmux.expect("ended with 0")


def test_in_the_persons_language(gateways: tuple[GatewayRunner, GatewayRunner], tmp_path: Path) -> None:
    ours, _theirs = gateways
    compile_catalogue(tmp_path / "locale", "xx", foreign)
    with Tmux(width=100, height=30) as tmux:
        language = {"LANGUAGE": "xx", "TEXTDOMAINDIR": str(tmp_path / "locale")}
        start(tmux, ours, environ=language)
        tmux.expect("[1 Pártnérs]", "Nó pártnér yét")
        tmux.press("n")
        shown = tmux.expect("Néw pártnér", "rów 7")
        assert english(shown) == set()
        tmux.press("C-c")
        tmux.expect("ended with 0")


def test_a_dumb_terminal_is_told_what_to_use(gateways: tuple[GatewayRunner, GatewayRunner]) -> None:
    ours, _theirs = gateways
    with Tmux() as tmux:
        tmux.environ = {"TERM": "dumb"}
        tmux.start((script("edgecert-gateway"), "panel", "--config", str(ours.config)), ours.directory)
        tmux.expect("the panel needs a terminal", "ended with 2")


def test_without_a_gateway_there_is_no_panel(tmp_path: Path) -> None:
    with Tmux() as tmux:
        words = (script("edgecert-gateway"), "panel", "--socket", str(tmp_path / "none.sock"))
        tmux.start(words, tmp_path)
        tmux.expect("no gateway listens at", "ended with")
    assert run(words).code == 2  # off a terminal that is said first
