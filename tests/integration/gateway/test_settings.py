from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgecert.shared.errors import ConfigError, PermissionDeniedError
from gateway.model.jid import Jid
from gateway.settings import GatewaySettings, is_loopback, load_gateway_settings, parse_address, warn_settings

HOME = """
[[home]]
domain = "Contoso.example"
secret_file = "component.secret"
"""


def load(tmp_path: Path, text: str) -> GatewaySettings:
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return load_gateway_settings(path)


def problems(tmp_path: Path, text: str) -> dict[str, tuple[int, str]]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return {problem.key: (problem.line, problem.message) for problem in caught.value.problems}


def test_a_home_is_enough_and_the_rest_has_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, HOME)
    assert settings.home_domains == ("contoso.example",)
    assert settings.listen.s2s == ("0.0.0.0:5269", "[::]:5269")
    assert settings.database == Path("/var/lib/edgecert-gateway/gateway.db")
    assert settings.stream_limits.max_stanza_size == 262_144
    assert settings.access_policy.allows(Jid.parse("bob@contoso.example"))
    assert warn_settings(settings) == ()


def test_paths_count_from_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, "[gateway]\nstate_dir = 'state'\n" + HOME)
    assert settings.database == tmp_path / "state" / "gateway.db"
    assert settings.home[0].secret_file == str(tmp_path / "component.secret")


def test_a_secret_is_read_from_a_private_file_only(tmp_path: Path) -> None:
    home = load(tmp_path, HOME).home[0]
    secret = tmp_path / "component.secret"
    secret.write_text("correct horse\n", encoding="utf-8")
    secret.chmod(0o644)
    with pytest.raises(PermissionDeniedError):
        home.read_secret()
    secret.chmod(0o600)
    assert home.read_secret().reveal() == b"correct horse"


def test_a_loop_that_is_not_installed_is_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[gateway]\nevent_loop = 'uvloop'\n" + HOME
    assert load(tmp_path, text).gateway.event_loop == "uvloop"
    monkeypatch.setitem(sys.modules, "uvloop", None)  # as Python has it where there is none
    line, message = problems(tmp_path, text)["gateway.event_loop"]
    assert (line, "edgecert[uvloop]" in message) == (2, True)
    assert load(tmp_path, HOME).gateway.event_loop == "auto"


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """[gateway]
control = "/run/x.sock"
status = "/run/x.sock"
certificates = ["a", "a"]
certificate_dir = "/etc/pem"
[listen]
s2s = ["127.0.0.1:5269", "example.org:5269"]
s2s_direct_tls = ["127.0.0.1:5269"]
metrics = "127.0.0.1"
[resolver]
nameservers = ["192.0.2.1"]
dnssec_trusted = true
[limits]
max_stanza_size = 10
[access]
users = {"dave" = false, "@" = true}
[[home]]
domain = "contoso.example"
secret_file = "s"
listen = "192.0.2.1:5347"
[[home]]
domain = "CONTOSO.example"
secret_file = "s"
connector = "sip"
[[home]]
domain = "not a domain"
listen = "nowhere"
"""
    found = problems(tmp_path, text)
    assert {key: line for key, (line, _message) in found.items()} == {
        "gateway.status": 3,
        "gateway.certificates": 4,
        "listen.s2s": 7,
        "listen.s2s_direct_tls": 8,
        "listen.metrics": 9,
        "resolver.dnssec_trusted": 12,
        "limits.max_stanza_size": 14,
        "access.users": 16,
        "home[0].listen": 20,
        "home[1].domain": 22,
        "home[1].connector": 24,
        "home[2].domain": 26,
        "home[2].listen": 27,
        "home[2].secret_file": 25,
    }
    assert "insecure_ok" in found["home[0].listen"][1]


def test_a_gateway_without_homes_is_refused(tmp_path: Path) -> None:
    assert "home" in problems(tmp_path, "[gateway]\n")


def test_a_component_off_loopback_needs_a_word(tmp_path: Path) -> None:
    assert load(tmp_path, HOME + "listen = '192.0.2.1:5347'\ninsecure_ok = true\n").home[0].insecure_ok


def test_what_may_not_be_meant_is_told(tmp_path: Path) -> None:
    assert warn_settings(load(tmp_path, HOME + "consent = 'gateway'\n")) == ()
    text = "[gateway]\nlog_message_bodies = true\n" + HOME
    named = [warning.split()[0] for warning in warn_settings(load(tmp_path, text))]
    assert named == ["gateway.log_message_bodies"]


def test_exceptions_are_found_by_prepared_address(tmp_path: Path) -> None:
    settings = load(tmp_path, "[access]\nusers = {'Dave@Contoso.example' = false}\n" + HOME)
    assert not settings.access_policy.allows(Jid.parse("dave@contoso.example/x"))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5269", ("127.0.0.1", 5269)),
        ("[::1]:5269", ("::1", 5269)),
        ("localhost:1", ("localhost", 1)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("127.0.0.1", ("127.0.0.1", 53)),
    ],
)
def test_reads_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, 53) == address
    assert is_loopback(address[0])


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "host:1"]
)
def test_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is that of the part that is wrong
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[listen]\nhttp01 = '0.0.0.0:5269'\n", "listen.http01"),
        ("[listen]\ns2s = ['127.0.0.1:5269', 'localhost:5269']\n", "listen.s2s"),
        ("[listen]\nmetrics = '127.0.0.1:5347'\n", "home.listen"),
        ("[gateway]\nstate_dir = ''\n", "gateway.state_dir"),
        ("[gateway]\ncontrol = ''\n", "gateway.control"),
        ("[access.users]\n'alice@contoso.exmple' = false\n", "access.users"),
    ],
)
def test_what_would_do_nothing_or_fail_at_the_start_is_refused_with_the_file(
    tmp_path: Path, text: str, key: str
) -> None:
    assert key in problems(tmp_path, text + HOME)


def test_homes_may_share_a_port_and_a_gateway_without_ports_is_told(tmp_path: Path) -> None:
    second = HOME.replace("Contoso", "second")
    shared = load(tmp_path, "[access.users]\n'dave@contoso.example' = false\n" + HOME + second)
    assert warn_settings(shared) == ()
    (warning,) = warn_settings(load(tmp_path, "[listen]\ns2s = []\n" + HOME))
    assert "no partner can connect" in warning
