from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.net.dialled import StreamFailedError, StreamFailure
from tests.integration.gateway.conftest import SECRET
from tests.support.component import connect_component

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import World

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"


def test_a_failure_reads_as_code_and_words() -> None:
    assert str(StreamFailure("tls-failed", "handshake failure")) == "tls-failed: handshake failure"
    assert str(StreamFailure("timeout", "")) == "timeout"
    assert StreamFailure("peer-stream-error", "reset: renewed").is_reset
    assert not StreamFailure("peer-stream-error", "not-authorized: expired").is_reset
    assert StreamFailedError(StreamFailure("timeout", "late")).code == "timeout"


@pytest.mark.parametrize(("trusted", "validated"), [(True, True), (True, False), (False, True)])
async def test_a_server_proves_its_domain_by_its_own_name_only_where_dnssec_delegates_to_it(
    world: World, trusted: bool, validated: bool
) -> None:
    contoso, fabrikam = world.settings("contoso.example", 1), world.settings("fabrikam.example", 2)
    contoso = replace(contoso, resolver=replace(contoso.resolver, dnssec_trusted=trusted))
    world.zone.validated = validated
    async with (
        world.gateway(contoso, world.pki.issue(["contoso.example"]), "fabrikam.example") as gateway,
        world.gateway(fabrikam, world.pki.issue(["xmpp.fabrikam.example"]), "contoso.example"),
        connect_component("contoso.example", SECRET, world.addresses["contoso.example"]) as alice,
        connect_component("fabrikam.example", SECRET, world.addresses["fabrikam.example"]) as bob,
    ):
        await alice.message(ALICE, BOB, "x")
        if trusted and validated:
            assert await bob.receive_bodies(1) == ["x"]
        else:
            assert "remote-server-timeout" in await alice.receive()
            (pair,) = gateway.hub.pairs.values()
            assert pair.failure is not None
            assert pair.failure.code == "peer-certificate"
