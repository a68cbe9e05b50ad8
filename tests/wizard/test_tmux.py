"""The wizard as a person meets it: ``edgecert`` in a real terminal, every key pressed, the certificate served."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from edgecert.probe.handshake import HandshakeProber
from edgecert.shared.certfacts import fingerprint_sha256
from edgecert.shared.chain import parse_certificates
from tests.support.gatewayrunner import S2S_PORT, GatewayRunner
from tests.support.net import loopback_net
from tests.support.pebble import Pebble
from tests.support.pki import Pki
from tests.support.processes import script
from tests.support.signing import sign
from tests.support.terminal import Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAIN = "contoso.com"
MOST_KEYS = 25

pytestmark = pytest.mark.peer("tmux")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayRunner]:
    with (
        loopback_net() as net,
        GatewayRunner(tmp_path / "gateway", f"{net}2", [DOMAIN]) as running,
    ):
        yield running


class Person:
    """Somebody at a terminal, on a host whose own file says where the gateway is."""

    def __init__(self, tmux: Tmux, directory: Path, gateway: GatewayRunner | None = None) -> None:
        self.tmux = tmux
        self.directory = directory
        host_file = directory / "host.toml"
        target = f'[[deploy]]\nname = "gateway"\ncontrol = "{gateway.control}"\n' if gateway else ""
        host_file.write_text(f'state_dir = "{directory}/state"\n{target}', encoding="utf-8")
        tmux.environ = {
            "EDGECERT_HOST_FILE": str(host_file),
            "XDG_STATE_HOME": str(directory / "xdg"),
            "LANG": "C.UTF-8",
            **tmux.environ,
        }

    def start(self, *words: str) -> None:
        self.tmux.start((script("edgecert"), *words), self.directory)

    def to_names(self) -> None:
        """Take every default up to the names."""
        for page in ("Available tasks", "Certificate request", "Name, security and organization"):
            self.tmux.expect(page)
            self.tmux.press("Enter")
        self.tmux.expect("Subject names")

    def to_summary(self) -> None:
        """Give one domain and take every default up to the summary."""
        self.to_names()
        self.tmux.type(DOMAIN)
        self.tmux.press("Enter")
        self.tmux.expect("SIP domain contoso.com")
        self.tmux.press("Enter")
        self.tmux.expect("▸Next◂")
        self.tmux.press("Enter")
        self.tmux.expect("Request summary")

    def stored(self, number: int = 1) -> str:
        """Give the fingerprint of what is stored."""
        path = self.directory / f"state/certificates/edge-external/{number:04}/cert.pem"
        return fingerprint_sha256(parse_certificates(path.read_bytes())[0])


def served(gateway: GatewayRunner) -> str:
    address = f"{gateway.address}:{S2S_PORT}"
    return HandshakeProber().probe(address, "xmpp-s2s", DOMAIN, timeout=10).fingerprint_sha256


def test_from_the_first_key_to_a_swapped_certificate(tmp_path: Path, gateway: GatewayRunner) -> None:
    with Tmux() as tmux:
        person = Person(tmux, tmp_path, gateway)
        person.start()
        person.to_summary()
        tmux.expect("gateway: gateway", "▸Issue now◂")
        tmux.press("Enter")
        tmux.expect("The certificate is there", "▸Deploy now◂")
        tmux.press("Enter")
        tmux.expect("✓ In service.", "✓ gateway: serves it, seen by a real handshake", f"{DOMAIN}: serves it")
        tmux.press("Enter")
        tmux.expect("Available tasks", "✓ edge-external")
        assert tmux.keys <= MOST_KEYS, "more keys than anybody wants to press"
        assert served(gateway) == person.stored()
        tmux.press("C-c")
        tmux.expect("ended with 0")


def test_with_an_acme_ca_after_a_test_run(tmp_path: Path, gateway: GatewayRunner) -> None:
    if shutil.which("pebble") is None:
        pytest.skip("needs the Debian package pebble: make peers")
    with loopback_net() as net, Pebble(tmp_path, net) as pebble, Tmux() as tmux:
        tmux.environ = {"EDGECERT_ISSUER_DIRECTORY_CA_FILE": str(pebble.ca_file)}
        person = Person(tmux, tmp_path, gateway)
        person.start()
        tmux.expect("Available tasks")
        tmux.press("Enter")
        tmux.expect("Who signs")
        tmux.press("Tab", "Down", "Enter")
        tmux.expect("another: type its directory")
        tmux.press("Tab")
        tmux.type(pebble.url)
        tmux.press("Tab", "Tab")
        tmux.expect("Terms: data:text/plain")
        tmux.press("Space")
        tmux.expect("[x] I have read the terms")
        tmux.press("Tab", "Enter")
        tmux.expect("How names are proven: 1", "the names it is for")  # the hint says which field has the focus
        tmux.press("Tab", "Tab")
        tmux.expect("where edgecert answers by itself")
        tmux.press("C-u")
        tmux.type(pebble.listen)
        tmux.press("Enter")
        tmux.expect(f"http-01: {pebble.listen}")
        tmux.press("C-n")
        tmux.expect("Name, security and organization")
        tmux.press("Enter")
        tmux.expect("Subject names")
        tmux.type(DOMAIN)
        tmux.press("Enter", "Enter")
        tmux.expect("▸Next◂")
        tmux.press("Enter")
        tmux.expect("▸Test run, spends nothing◂")
        tmux.press("Enter")
        tmux.expect("The test run went well")
        tmux.press("Enter")
        tmux.expect("▸Issue now◂")
        tmux.press("Enter")
        tmux.expect("The certificate is there", "Pebble Intermediate")
        tmux.press("Enter")
        tmux.expect("✓ gateway: serves it")
        assert served(gateway) == person.stored()


@pytest.mark.parametrize("pasted", [False, True], ids=["file", "paste"])
def test_with_a_request_that_is_carried_by_hand(tmp_path: Path, gateway: GatewayRunner, pasted: bool) -> None:
    pki = Pki.create(tmp_path / "pki")
    with Tmux() as tmux:
        person = Person(tmux, tmp_path, gateway)
        person.start("wizard", "--kind", "csr")
        tmux.expect("Available tasks")
        tmux.press("Enter")
        tmux.expect("(●) Prepare the request now, but send it later")
        tmux.press("Enter")
        tmux.expect("Request file (CSR)")
        tmux.press("Enter")
        tmux.expect("Name, security and organization")
        tmux.press("Enter")
        tmux.expect("Subject names")
        tmux.type(DOMAIN)
        tmux.press("Enter", "Enter")
        tmux.expect("▸Next◂")
        tmux.press("Enter")
        tmux.expect("▸Make key and request◂")
        tmux.press("Enter")
        tmux.expect("Certificate request file", "▸Done◂")
        answer = sign(pki, tmp_path / "edge-external.csr")
        (tmp_path / "a.pem").write_bytes(answer)
        tmux.press("Enter")
        tmux.expect("Available tasks", "1 request waits for the CA")
        tmux.press("Down", "Enter")
        tmux.expect("Process a pending request")
        if pasted:
            text = answer.decode() + pki.ca_file.read_text() * 9
            assert len(text) > 5000
            tmux.press("Tab")
            tmux.paste(text)
            tmux.expect("-----END CERTIFICATE-----")
            tmux.press("Tab")
        else:
            tmux.type("a.pem")
        tmux.press("Enter")
        tmux.expect("✓ the chain is whole and in order", "▸Take it◂")
        tmux.press("Enter")
        tmux.expect("The request is completed", "▸Deploy now◂")
        tmux.press("Enter")
        tmux.expect("✓ gateway: serves it")
        assert served(gateway) == person.stored()


def test_quit_in_the_middle_and_go_on(tmp_path: Path) -> None:
    with Tmux() as tmux:
        person = Person(tmux, tmp_path)
        person.start()
        person.to_names()
        tmux.type(DOMAIN)
        tmux.press("Enter")
        tmux.expect("XMPP domain contoso.com")
        tmux.press("C-c")
        tmux.expect("ended with 130")
        person.start()
        tmux.expect("(●) Go on with the request that was begun")
        tmux.press("Enter")
        tmux.expect("Subject names", "XMPP domain contoso.com")


def test_a_terminal_that_is_closed_loses_nothing(tmp_path: Path) -> None:
    with Tmux() as tmux:
        person = Person(tmux, tmp_path)
        person.start()
        tmux.expect("Available tasks")
        tmux.press("Enter")
        tmux.expect("Certificate request")
        tmux.press("Enter")
        tmux.expect("[edge-external ")
        tmux.type("-two")
        tmux.expect("[edge-external-two ")
        tmux.hang_up()
        person.start()
        tmux.expect("(●) Go on with the request that was begun")
        tmux.press("Enter")
        tmux.expect("[edge-external-two ")


def test_it_is_resized_while_one_works(tmp_path: Path) -> None:
    with Tmux() as tmux:
        person = Person(tmux, tmp_path)
        person.start()
        person.to_names()
        for width, height in ((120, 40), (60, 20), (60, 15), (80, 24)):
            tmux.resize(width, height)
            tmux.expect("Add a domain", "Subject names", f"{width}×{height} is too small" if width < 80 else "▸ Names")
        tmux.type(DOMAIN)
        tmux.press("Enter")
        tmux.expect("SIP domain contoso.com")


def test_fast_typing_keeps_its_order(tmp_path: Path) -> None:
    with Tmux() as tmux:
        person = Person(tmux, tmp_path)
        person.start()
        person.to_names()
        tmux.press(
            *"abc",
            "BSpace",
            "BSpace",
            *"xyz",
            "Left",
            "Left",
            "1",
            "End",
            *".example",
            "Enter",
            *"two.example",
            "Enter",
        )
        tmux.expect("sip.ax1yz.example", "sip.two.example")


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"LANG": "C"}], ids=str)
def test_states_are_seen_without_colours(tmp_path: Path, environ: dict[str, str]) -> None:
    with Tmux(environ=environ) as tmux:
        person = Person(tmux, tmp_path)
        tmux.environ = {**tmux.environ, **environ}
        person.start()
        tmux.expect("(*) Create" if "LANG" in environ else "(●) Create")
        tmux.press("Enter")
        shown = tmux.expect("External edge", "Internal edge")
        assert shown.isascii() or "LANG" not in environ


def test_a_dumb_terminal_is_told_of_the_lines(tmp_path: Path) -> None:
    with Tmux(environ={"TERM": "dumb"}) as tmux:
        person = Person(tmux, tmp_path)
        tmux.environ = {**tmux.environ, "TERM": "dumb"}
        person.start()
        tmux.expect("no verb given", "edgecert plan -c FILE", "ended with 2")
        person.start("wizard")
        tmux.expect("--plain asks by lines", "ended with 2")
