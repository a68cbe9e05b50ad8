"""``--plain`` on a real pty: the same questions as lines, driven to a certificate in service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgecert.shared.chain import parse_certificates
from tests.support.pki import Pki
from tests.support.processes import run, script
from tests.support.signing import sign
from tests.support.terminal import PtyProgram

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def plain(directory: Path, *more: str) -> PtyProgram:
    target = f"kind=files,name=web,directory={directory}/certs"
    (directory / "certs").mkdir(exist_ok=True)
    argv = (script("edgecert"), "wizard", "--plain", "--state-dir", str(directory / "state"), "--deploy", target, *more)
    return PtyProgram(argv, {"XDG_STATE_HOME": str(directory / "xdg")}, directory)


def take_defaults(program: PtyProgram, prompts: Sequence[str]) -> None:
    for prompt in prompts:
        program.answer(prompt)


SECURITY = (
    *("Name [edge-external]", "Friendly name", "Key algorithm", "Bit length", "exportable", "Organization"),
    *("Organizational unit", "Country code", "State or province", "City"),
)


def to_summary(program: PtyProgram) -> None:
    program.answer("Number [1]")
    take_defaults(program, ("Side of the edge", "Who signs", *SECURITY))
    program.answer("Domain to add", "contoso.com")
    program.expect("contoso.com  SIP [x]  XMPP [x]")
    take_defaults(program, ("Domain to add", "Access edge", "Web conferencing", "Further names"))
    program.expect("sip.contoso.com  (SIP domain contoso.com)")
    program.answer("1. name=web, kind=files")


def test_a_certificate_is_made_and_put_into_service(tmp_path: Path) -> None:
    with plain(tmp_path) as program:
        to_summary(program)
        program.expect('sip_domains = ["contoso.com"]')
        program.expect("edgecert apply --name edge-external")
        program.answer("Number [1]")
        program.expect("generation 1 stored")
        program.expect("✓ edge-external, generation 1")
        program.answer("Number [1]")
        program.expect("? web: has it")
        assert program.wait() == 0
    (leaf, *_chain) = parse_certificates((tmp_path / "certs/fullchain.pem").read_bytes())
    assert "sip.contoso.com" in leaf.subject.rfc4514_string()


def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    with plain(tmp_path) as program:
        program.answer("Number [1]")
        take_defaults(program, ("Side of the edge", "Who signs"))
        program.answer("Name [edge-external]", "mine")
        program.expect("Friendly name")
        program.interrupt()
        program.expect("is kept")
        assert program.wait() == 130
    draft = next((tmp_path / "xdg").rglob("*.json"))
    assert draft.stat().st_mode & 0o777 == 0o600
    with plain(tmp_path) as program:
        program.expect("2. Go on with the request that was begun")
        program.answer("Number [1]", "2")
        program.expect("Name [mine]")


def test_what_is_wrong_is_said_at_once_and_help_is_there(tmp_path: Path) -> None:
    with plain(tmp_path) as program:
        program.answer("Number [1]", "99")
        program.expect("there is no such number")
        program.answer("Number [1]")
        program.answer("Side of the edge", "?")
        program.expect("which side of the edge")
        program.answer("Side of the edge", "inside")
        program.expect("is not one of")
        program.answer("Side of the edge", "-")
        program.answer("Who signs")
        program.answer("Name [", "<")
        program.expect("== 1/5")


def test_domains_are_ticked_removed_and_brought_back(tmp_path: Path) -> None:
    with plain(tmp_path) as program:
        program.answer("Number [1]")
        take_defaults(program, ("Side of the edge", "Who signs", *SECURITY))
        program.answer("Domain to add", "a.example")
        program.answer("Domain to add", "1 s")
        program.expect("a.example  SIP [ ]  XMPP [x]")
        program.answer("Domain to add", "1 x")
        program.expect("a.example  SIP [ ]  XMPP [ ]")
        program.answer("Domain to add", "1 -")
        program.answer("Domain to add", "u")
        program.expect("a.example  SIP [ ]  XMPP [ ]")
        program.answer("Domain to add", "7 s")
        program.expect("there is no such number")
        program.answer("Domain to add", "no domain")
        program.expect("! ")


def test_a_request_is_carried_by_hand_and_processed(tmp_path: Path) -> None:
    with plain(tmp_path, "--issuer-kind", "csr", "--certificate-name", "edge") as program:
        program.answer("Number [1]")
        take_defaults(program, ("Side of the edge", "Who signs", "Request file", "Certificate template"))
        take_defaults(program, ("Name [edge]", *SECURITY[1:]))
        program.answer("Domain to add", "contoso.com")
        take_defaults(program, ("Domain to add", "Access edge", "Web conferencing", "Further names", "1. name=web"))
        program.answer("Number [1]")
        program.expect("✓ CSR: ")
        assert program.wait() == 5
    pki = Pki.create(tmp_path / "pki")
    answer = sign(pki, tmp_path / "edge.csr")
    with plain(tmp_path) as program:
        program.answer("Number [1]", "2")
        program.expect("sip.contoso.com")
        program.answer("paste PEM", "/nonexistent")
        program.expect("No such file")
        program.answer("Number [1]", "2")
        lines = answer.decode().split("-----END CERTIFICATE-----\n")
        program.answer("paste PEM", "-----END CERTIFICATE-----\n".join(lines).replace("\n\n", "\n"))
        program.expect("(leaf)")
        program.expect("not trusted by this system's roots")
        program.answer("Number [1]")
        program.expect("? web: has it")
        assert program.wait() == 0


def test_the_other_tasks_are_done_by_lines(tmp_path: Path) -> None:
    with plain(tmp_path) as program:
        to_summary(program)
        program.answer("Number [1]", "2")
        program.expect("would be issued")
        program.answer("Number [1]", "3")
        program.answer("File [edge-external.toml]")
        program.expect("Written to")
        program.answer("Number [1]")
        program.expect("✓ edge-external, generation 1")
        program.answer("Number [1]", "3")
        assert program.wait() == 0
    checked = run((script("edgecert"), "config", "check", str(tmp_path / "edge-external.toml")))
    assert checked.code == 0, checked.stderr
    for number, wanted in (("3", "? web: has it"), ("5", "generation 2"), ("7", "generation 2")):
        with plain(tmp_path) as program:
            program.answer("Number [1]", number)
            if number != "7":
                program.answer("Number [1]")
            if number == "3":
                program.answer("Now, or at a date")
            program.expect(wanted)
            assert program.wait() == 0
    with plain(tmp_path) as program:
        program.answer("Number [1]", "4")
        program.answer("Number [1]")
        program.answer("Why", "calls fail")
        program.expect("generation 1")
        assert program.wait() == 0
    with plain(tmp_path) as program:
        program.answer("Number [1]", "6")
        take_defaults(program, ("Number [1]", "Number [1]"))
        program.answer("File:", "edge.p12")
        program.expect("Password, shown once")
        assert program.wait() == 0
    with plain(tmp_path) as program:
        program.answer("Number [1]", "8")
        program.answer("Number [1]")
        program.answer("Type edge-external", "edge-external")
        program.expect("is in service at web")


def test_there_is_no_asking_where_nobody_sits() -> None:
    refused = run((script("edgecert"), "wizard", "--plain", "--json"))
    assert refused.code == 2
    assert json.loads(refused.stdout)["error"]["code"] == "usage"
