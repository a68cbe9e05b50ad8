from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.probe.handshake import HandshakeProber
from edgecert.shared.chain import fingerprint_sha256
from edgecert.shared.control import SwapRequest
from edgecert.shared.errors import EdgecertError
from gateway.service import Gateway
from gateway.service.certificates import retry_inconsistent
from tests.support.clock import FakeClock
from tests.support.pki import now

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from tests.integration.gateway.conftest import World
    from tests.support.pki import Issued

DOMAIN = "contoso.example"


def serials(gateway: Gateway) -> dict[str, int]:
    """Give the serial that each lineage in the contexts presents, which is what handshakes use."""
    return {bundle.meta.name: bundle.leaf.serial_number for bundle in gateway.certificates.serving}


async def refusal(gateway: Gateway, request: SwapRequest) -> str:
    before = gateway.certificates.slot.current
    with pytest.raises(EdgecertError) as caught:
        await gateway.swap(request)
    assert gateway.certificates.slot.current is before
    return caught.value.code


async def test_a_swap_survives_a_restart(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    issued = world.pki.issue([DOMAIN])
    async with world.gateway(settings, None) as gateway:
        answer = await gateway.swap(SwapRequest(issued.bundle(generation=4)))
        assert answer["swapped"] is True
        assert answer["generation"] == 4
    async with world.gateway(settings, None) as gateway:
        assert gateway.certificates.slot.current.generations == {"edge": 4}
        assert serials(gateway) == {"edge": issued.cert.serial_number}
        assert await gateway.ready() == (True, [])


async def test_a_key_that_is_not_exportable_comes_back_too(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    async with world.gateway(settings, None) as gateway:
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle(exportable=False)))
    assert not any(b"PRIVATE KEY" in content for content in contents(world.directory / DOMAIN))
    async with world.gateway(settings, None) as gateway:
        assert gateway.certificates.slot.current.available


def contents(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in directory.rglob("*") if path.is_file()]


async def test_what_must_not_be_served_changes_nothing(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    async with world.gateway(settings, None) as gateway:
        issue = world.pki.issue
        assert await refusal(gateway, SwapRequest(issue(["litware.example"]).bundle())) == "uncovered-domains"
        assert await refusal(gateway, SwapRequest(world.pki.expired([DOMAIN]).bundle())) == "expired"
        await gateway.swap(SwapRequest(issue([DOMAIN]).bundle(generation=5)))
        older = issue([DOMAIN]).bundle(generation=4)
        assert await refusal(gateway, SwapRequest(older)) == "older-generation"
        await gateway.swap(SwapRequest(older, rollback=True))
        assert gateway.certificates.slot.current.generations == {"edge": 4}
        assert (await gateway.swap_held("edge", 5, "keep"))["generation"] == 5
        assert (await gateway.swap_held("edge", None, "keep"))["generation"] == 4
        assert b'swaps_total{outcome="expired"} 1.0' in gateway.metrics.render()
        assert b'swaps_total{outcome="swapped"} 4.0' in gateway.metrics.render()


async def test_without_a_certificate_it_listens_and_is_healed_by_the_first_swap(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    async with world.gateway(settings, None) as gateway:
        ready, reasons = await gateway.ready()
        assert not ready
        assert "no certificate" in reasons[0]
        answer = await say_header(world.addresses[DOMAIN])
        assert b"starttls" not in answer
        assert b"resource-constraint" in answer
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle()))
        assert await gateway.ready() == (True, [])
        assert b"<starttls" in await say_header(world.addresses[DOMAIN])


async def say_header(address: str) -> bytes:
    import asyncio

    reader, writer = await asyncio.open_connection(address, 5269)
    writer.write(
        b"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
        b"to='contoso.example' version='1.0'>"
    )
    async with asyncio.timeout(60):
        answer = b""
        while b"</stream:features>" not in answer and b"</stream:stream>" not in answer:
            part = await reader.read(4096)
            assert part, answer
            answer += part
    writer.close()
    return answer


async def test_expired_material_is_served_with_a_critical_reason(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    clock = FakeClock(now())
    gateway = Gateway(settings, clock=clock)
    async with gateway.running():
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle()))
    clock.advance(timedelta(days=200))
    gateway = Gateway(settings, clock=clock)
    async with gateway.running():
        ready, reasons = await gateway.ready()
        assert ready
        assert reasons[0].startswith("critical: edge generation 1 expired at ")
        assert b"<starttls" in await say_header(world.addresses[DOMAIN])


async def test_a_staged_generation_waits_for_its_date_also_over_a_restart(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    clock = FakeClock(now())
    date = clock.now() + timedelta(hours=5)
    gateway = Gateway(settings, clock=clock)
    async with gateway.running():
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle()))
        answer = await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle(generation=2), effective_at=date))
        assert (answer["staged"], answer["swapped"]) == (True, False)
        status = await gateway.status()
        assert isinstance(status["staged"], list)
        assert status["staged"][0]["generation"] == 2
        assert gateway.certificates.swap_due() == ()
    clock.advance(timedelta(hours=6))
    gateway = Gateway(settings, clock=clock)
    async with gateway.running():
        assert gateway.certificates.slot.current.generations == {"edge": 2}
        assert gateway.certificates.staged == ()


async def test_a_staged_generation_can_be_withdrawn_and_goes_when_a_newer_one_comes(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    date = now() + timedelta(hours=5)
    async with world.gateway(settings, world.pki.issue([DOMAIN])) as gateway:
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle(generation=2), effective_at=date))
        assert await gateway.cancel_staged("edge") == {"name": "edge", "cancelled": True}
        assert await gateway.cancel_staged("edge") == {"name": "edge", "cancelled": False}
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle(generation=3), effective_at=date))
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle(generation=4)))
        assert gateway.certificates.staged == ()


async def test_a_directory_of_another_client_is_followed(world: World) -> None:
    directory = world.directory / "live"
    first, second = world.pki.issue([DOMAIN]), world.pki.issue([DOMAIN])
    first.write(directory)
    settings = world.settings(DOMAIN, 1, certificate_dir=str(directory))
    async with world.gateway(settings, None) as gateway:
        assert serials(gateway) == {"server": first.cert.serial_number}
        assert await refusal(gateway, SwapRequest(second.bundle())) == "certificate-dir"
        second.write(directory)
        assert (await gateway.reload())["notes"] == ["certificates have changed"]
        assert (await gateway.reload())["notes"] == []
        assert serials(gateway) == {"server": second.cert.serial_number}
        world.pki.issue(["litware.example"]).write(directory)
        with pytest.raises(EdgecertError, match=r"contoso\.example"):
            await gateway.reload()
        assert serials(gateway) == {"server": second.cert.serial_number}


async def test_a_pair_that_goes_takes_no_domain_out_of_service(world: World) -> None:
    other = "second.example"
    settings = world.settings(DOMAIN, 1)
    secret = settings.home[0].secret_file
    second = replace(settings.home[0], domain=other, secret_file=secret)
    directory = world.directory / "live"
    world.pki.issue([DOMAIN]).write(directory / "a")
    gone = world.pki.issue([other]).write(directory / "b")
    settings = replace(
        settings,
        gateway=replace(settings.gateway, certificate_dir=str(directory)),
        home=(*settings.home, second),
    )
    async with world.gateway(settings, None) as gateway:
        for path in gone:
            path.unlink()
        before = gateway.certificates.slot.current
        with pytest.raises(EdgecertError, match=r"second\.example") as caught:
            await gateway.reload()
        assert caught.value.code == "uncovered-domains"
        assert "a restart takes it" in caught.value.hint
        assert gateway.certificates.slot.current is before
        assert set(before.by_domain) == {DOMAIN, other}


async def test_a_reload_takes_no_certificate_out_of_service_by_its_name(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    current = [replace(settings, gateway=replace(settings.gateway, certificates=("mian",)))]
    gateway = Gateway(settings, reread=lambda: current[-1])
    async with gateway.running():
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle("main")))
        before = gateway.certificates.slot.current
        with pytest.raises(EdgecertError, match=r"contoso\.example") as caught:
            await gateway.reload()
        assert (caught.value.code, "gateway.certificates" in caught.value.hint) == ("uncovered-domains", True)
        assert gateway.certificates.slot.current is before
        assert await gateway.ready() == (True, [])
        current.append(replace(settings, gateway=replace(settings.gateway, certificates=("main", "later"))))
        await gateway.reload()
        assert (await gateway.ready())[1] == [
            "warning: gateway.certificates names later, of which the gateway has nothing"
        ]
    named_wrong = Gateway(current[0])
    async with named_wrong.running():  # what is started like that says what is wrong with it
        assert await named_wrong.ready() == (
            False,
            ["no certificate is in service: the gateway has main, and gateway.certificates names none of it"],
        )


async def test_where_certificates_come_from_is_decided_at_the_start(world: World) -> None:
    settings = world.settings(DOMAIN, 1)
    directory = world.directory / "live"
    world.pki.issue([DOMAIN]).write(directory)
    changed = replace(settings, gateway=replace(settings.gateway, certificate_dir=str(directory)))
    gateway = Gateway(settings, reread=lambda: changed)
    async with gateway.running():
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle()))
        notes = (await gateway.reload())["notes"]
        assert notes == ["gateway.certificate_dir has changed, which takes effect at the next start"]
        assert list(serials(gateway)) == ["edge"]
        await gateway.swap(SwapRequest(world.pki.issue([DOMAIN]).bundle(generation=2)))


async def test_a_half_written_directory_is_looked_at_again(world: World, tmp_path: Path) -> None:
    directory = world.directory / "live"
    first, second = world.pki.issue([DOMAIN]), world.pki.issue([DOMAIN])
    certificate, key = first.write(directory)
    settings = world.settings(DOMAIN, 1, certificate_dir=str(directory))
    async with world.gateway(settings, None) as gateway:
        certificate.write_bytes(second.fullchain_pem)
        options, attempts = gateway.certificates.options, 0

        async def attempt() -> bool:
            nonlocal attempts
            attempts += 1
            if attempts == 3:
                key.write_bytes(second.key_pem)
            return gateway.certificates.reload(options)

        await retry_inconsistent(attempt, delay=0.0)
        assert attempts == 3
        assert serials(gateway) == {"server": second.cert.serial_number}
        key.write_bytes(first.key_pem)
        with pytest.raises(EdgecertError) as caught:
            await retry_inconsistent(lambda: gateway_reload(gateway), delay=0.0)
        assert caught.value.code == "certificate-dir-inconsistent"


async def gateway_reload(gateway: Gateway) -> bool:
    return gateway.certificates.reload(gateway.certificates.options)


async def test_direct_tls_presents_by_server_name_and_swaps(world: World) -> None:
    settings = world.settings(DOMAIN, 1, direct=True)
    first, second = world.pki.issue([DOMAIN]), world.pki.issue([DOMAIN])
    async with world.gateway(settings, first) as gateway:
        address = world.addresses[DOMAIN]
        assert await asyncio.to_thread(presented, address, world) == first.cert
        await gateway.swap(SwapRequest(second.bundle(generation=2)))
        assert await asyncio.to_thread(presented, address, world) == second.cert


def presented(address: str, world: World) -> x509.Certificate:
    """Shake hands as an independent stack does and give the leaf."""
    from cryptography import x509

    context = ssl.create_default_context(cafile=str(world.pki.ca_file))
    context.set_alpn_protocols(["xmpp-server"])
    raw = socket.create_connection((address, 5270), timeout=10)
    with context.wrap_socket(raw, server_hostname=DOMAIN) as tls:
        assert tls.selected_alpn_protocol() == "xmpp-server"
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def test_a_preference_decides_the_default(world: World) -> None:
    from gateway.service.certificates import CertificateOptions, Certificates
    from gateway.tls.context import build_contexts
    from gateway.tls.material import MaterialStore
    from gateway.tls.slot import ContextSlot
    from gateway.tls.trust import TrustStore

    def bundle(name: str, issued: Issued) -> SwapRequest:
        return SwapRequest(issued.bundle(name), allow_drop=True)

    slot = ContextSlot(build_contexts((), domains=(), trust=TrustStore(())))
    store = MaterialStore(world.directory / "material", lambda _: pytest.fail("nothing to wrap"))
    options = CertificateOptions((DOMAIN,), preference=("zeta", "alpha"), trust_file=str(world.pki.ca_file))
    certificates = Certificates(store, slot, options, FakeClock(now()))
    certificates.load()
    for name in ("alpha", "zeta"):
        certificates.swap(bundle(name, world.pki.issue([DOMAIN])))
    default = slot.current.find(None)
    assert default is not None
    assert default.meta.name == "zeta"
    with pytest.raises(EdgecertError) as caught:
        certificates.swap(bundle("beta", world.pki.issue([DOMAIN])))
    assert caught.value.code == "not-configured"


async def test_starttls_presents_by_the_domain_of_the_header(world: World) -> None:
    other = "second.example"
    settings = world.settings(DOMAIN, 1)
    settings = replace(settings, home=(*settings.home, replace(settings.home[0], domain=other)))
    issued = {DOMAIN: world.pki.issue([DOMAIN]), other: world.pki.issue([other])}
    async with world.gateway(settings, None) as gateway:
        for name, domain in (("one", DOMAIN), ("two", other)):
            await gateway.swap(SwapRequest(issued[domain].bundle(name), allow_drop=True))
        for domain, expected in issued.items():
            prober = HandshakeProber()
            address = f"{world.addresses[DOMAIN]}:5269"
            served = await asyncio.to_thread(prober.probe, address, "xmpp-s2s", domain, timeout=10)
            assert served.fingerprint_sha256 == fingerprint_sha256(expected.cert)
