"""At a CA: a name fails, the person reads why, goes back, mends it and goes on, with the same key and order."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import pytest

from edgecert.model.request import CertificateOptions, CertificateRequest, ChallengeOptions, IssuerOptions, Topology
from tests.support.net import loopback_net
from tests.support.pebble import Pebble
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.wizard import Wizard

pytestmark = pytest.mark.peer("pebble")


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[Pebble]:
    (tmp_path / "pebble").mkdir()
    with loopback_net() as net, Pebble(tmp_path / "pebble", net) as running:
        yield running


def request(pebble: Pebble, listen: str) -> CertificateRequest:
    return CertificateRequest(
        certificate=CertificateOptions(name="edge", key_algorithm="ecdsa"),
        topology=Topology(access_edge="sip.contoso.com", xmpp_domains=("contoso.com",)),
        issuer=IssuerOptions(
            kind="acme",
            directory=pebble.url,
            directory_ca_file=str(pebble.ca_file),
            accept_terms=True,
            challenges=(ChallengeOptions(listen=listen),),
        ),
    )


def dns(pebble: Pebble, call: str, document: dict[str, object]) -> None:
    """Change what the CA's own DNS answers."""
    data = json.dumps(document).encode()
    urllib.request.urlopen(urllib.request.Request(f"http://{pebble.host}:8055/{call}", data), timeout=30).close()


async def to_the_failure(seen: Wizard) -> list[str]:
    """Issue, see it fail, and give the request that is kept."""
    await seen.new_request()
    await seen.go("summary")
    seen.app.issue(trial=False)
    await seen.sees("Executing", "✗ ", "Nothing is lost", "▸Back, to mend it◂")
    return sorted(path.name for path in (seen.directory / "state/requests/edge").glob("[!.]*"))


async def test_one_name_leads_elsewhere_and_is_mended(tmp_path: Path, pebble: Pebble) -> None:
    dns(pebble, "add-a", {"host": "sip.contoso.com", "addresses": [f"{pebble.net}77"]})
    async with wizard(tmp_path, start=request(pebble, pebble.listen), size=(120, 40)) as seen:
        kept = await to_the_failure(seen)
        shown = await seen.sees("✗ sip.contoso.com", "could not prove to itself that these names are ours")
        assert "✓ contoso.com      proven" in shown or "· contoso.com      the order ended before" in shown
        await seen.press("enter")
        await seen.sees("Request summary")
        dns(pebble, "clear-a", {"host": "sip.contoso.com"})
        seen.app.issue(trial=False)
        await seen.sees("The certificate is there", "Pebble")
        assert f"going on with request {kept[0]}" in seen.app.log_text()


async def test_what_cannot_be_published_is_mended_and_the_order_is_gone_on_with(tmp_path: Path, pebble: Pebble) -> None:
    taken = f"{pebble.host}:14000"  # the CA listens there itself
    async with wizard(tmp_path, start=request(pebble, taken)) as seen:
        kept = await to_the_failure(seen)
        assert len(kept) == 1
        order = next(line.split()[-4] for line in seen.app.log_text().splitlines() if " order http" in line)
        await seen.press("enter")
        await seen.sees("Request summary")
        seen.session.answer("issuer.challenges[0].listen", pebble.listen)
        seen.app.issue(trial=False)
        await seen.sees("The certificate is there", "Pebble")
        assert f"going on with the order {order}" in seen.app.log_text()
