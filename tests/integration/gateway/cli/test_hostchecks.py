from __future__ import annotations

import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.cli.hostchecks import HostCheck, Verdict, check_host
from gateway.database.partners import PartnerStore
from gateway.policy.partner import Partner
from gateway.settings import GatewayOptions, GatewaySettings, Home, ListenOptions, TrustOptions
from tests.support.net import loopback_net
from tests.support.pki import Pki
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[GatewaySettings]:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("secret\n")
    with loopback_net() as net:
        yield GatewaySettings(
            gateway=GatewayOptions(
                state_dir=str(tmp_path / "state"),
                control=str(tmp_path / "control.sock"),
                status=str(tmp_path / "status.sock"),
            ),
            listen=ListenOptions(s2s=(f"{net}1:5269",)),
            home=(Home(domain="contoso.example", listen=f"{net}1:5347", secret_file=str(secret)),),
        )


def find(settings: GatewaySettings, check: str, subject: str = "") -> HostCheck:
    return next(entry for entry in check_host(settings) if entry.check == check and subject in entry.subject)


def test_an_address_in_use_or_absent_is_critical(settings: GatewaySettings) -> None:
    address = settings.listen.s2s[0]
    assert find(settings, "listen", address).verdict is Verdict.OK
    with socket.create_server((address.partition(":")[0], 5269)):
        taken = find(settings, "listen", address)
    assert taken.verdict is Verdict.CRITICAL
    assert "ss -ltnp" in taken.hint
    elsewhere = replace(settings, listen=ListenOptions(s2s=("192.0.2.1:5269",)))
    assert "no interface" in find(elsewhere, "listen", "192.0.2.1").hint


async def test_the_addresses_of_a_running_gateway_are_not_tried(settings: GatewaySettings, tmp_path: Path) -> None:
    import asyncio

    async with serving_plane(tmp_path):
        checks = await asyncio.to_thread(check_host, settings)
    assert not [entry for entry in checks if entry.check == "listen"]
    assert next(entry for entry in checks if entry.check == "running").message.startswith("a gateway is running")


def test_a_state_directory_that_others_may_read_is_a_warning(settings: GatewaySettings, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    assert find(settings, "state").verdict is Verdict.WARNING
    (tmp_path / "state").chmod(0o700)
    assert find(settings, "state").verdict is Verdict.OK


def test_a_missing_directory_for_sockets_names_the_unit(settings: GatewaySettings, tmp_path: Path) -> None:
    gateway = replace(settings.gateway, control=str(tmp_path / "absent" / "c.sock"))
    check = find(replace(settings, gateway=gateway), "control-socket")
    assert check.verdict is Verdict.CRITICAL
    assert "RuntimeDirectory" in check.hint


def test_roots_that_cannot_be_read_are_critical(settings: GatewaySettings, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("no certificate")
    for name in ("absent.pem", "roots.pem"):
        broken = replace(settings, trust=TrustOptions(ca_file=str(tmp_path / name)))
        assert find(broken, "roots").verdict is Verdict.CRITICAL


def test_a_missing_secret_is_critical(settings: GatewaySettings) -> None:
    home = replace(settings.home[0], secret_file="/does/not/exist")
    assert find(replace(settings, home=(home,)), "component-secret").verdict is Verdict.CRITICAL


def test_what_serve_refuses_is_named_before(settings: GatewaySettings, tmp_path: Path) -> None:
    def verdict(check: str, **changes: str) -> HostCheck:
        return find(replace(settings, gateway=replace(settings.gateway, **changes)), check)  # type: ignore[arg-type]  # texts

    plain = tmp_path / "file"
    plain.touch(mode=0o644)
    plain.write_text("s3cret")
    plain.chmod(0o644)
    assert verdict("state", state_dir=str(plain)).message == "is no directory"
    assert verdict("dialback-secret", dialback_secret_file=str(plain)).verdict is Verdict.CRITICAL
    assert verdict("dialback-secret", dialback_secret_file=str(tmp_path / "absent")).verdict is Verdict.CRITICAL
    plain.chmod(0o600)
    assert verdict("dialback-secret", dialback_secret_file=str(plain)).verdict is Verdict.OK
    assert verdict("certificates", certificate_dir=str(tmp_path / "absent")).verdict is Verdict.CRITICAL
    live = tmp_path / "live"
    Pki.create(tmp_path / "pki").issue(["contoso.example"]).write(live)
    assert verdict("certificates", certificate_dir=str(live)).message == "holds server"
    (tmp_path / "state").mkdir(mode=0o700)
    with PartnerStore(settings.database) as store:
        store.put(Partner(domain="fabrikam.example"), homes=())
    assert find(settings, "partners").message == "1 partner"
    with PartnerStore(settings.database) as store:
        store.put(Partner(domain="contoso.example"), homes=())
    clash = find(settings, "partners")
    assert (clash.verdict, "contoso.example is a home domain" in clash.message) == (Verdict.CRITICAL, True)
