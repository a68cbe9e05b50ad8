"""The deployer against the real control server; the plane behind it is a recording one."""

from __future__ import annotations

import asyncio
import os
import pwd
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from edgecert.deploy.gateway import GatewayDeployer
from edgecert.interfaces import DeployOptions, Served, TargetVerdict
from edgecert.model.request import DeployTarget
from edgecert.shared.control import SwapRequest
from edgecert.shared.errors import ControlError, NetworkError, PermissionDeniedError, TargetNotRunningError
from gateway.net.control import ControlServer
from tests.support.pki import Pki
from tests.support.plane import RecordingPlane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonObject

EFFECTIVE = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass
class FakeProber:
    """Serves what ``served`` says per domain: a fingerprint, or nothing for nobody there."""

    served: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        self.asked.append((address, protocol, domain))
        if domain not in self.served:
            raise NetworkError(f"{address}: refused", code="unreachable")
        return Served((), self.served[domain], "abc", "TLSv1.3")


@dataclass
class Rig:
    plane: RecordingPlane
    prober: FakeProber
    target: DeployTarget
    bundle: Bundle

    @property
    def deployer(self) -> GatewayDeployer:
        return GatewayDeployer(self.target, self.prober)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture
async def rig(pki: Pki, tmp_path: Path) -> AsyncIterator[Rig]:
    plane, control = RecordingPlane(), tmp_path / "control.sock"
    async with ControlServer(plane, control, tmp_path / "status.sock"):
        target = DeployTarget(name="gateway", kind="gateway", control=str(control))
        yield Rig(plane, FakeProber(), target, pki.issue(["contoso.example"]).bundle("edge", 7))


async def test_pushes_key_chain_and_meta_with_the_options(rig: Rig) -> None:
    options = DeployOptions(rollback=True, allow_drop=True, close_old_streams="now")
    await asyncio.to_thread(rig.deployer.push, rig.bundle, options)
    request = SwapRequest(rig.bundle, close_old_streams="now", allow_drop=True, rollback=True)
    assert rig.plane.calls == [("swap", request)]


async def test_stages_with_the_date_and_cancels(rig: Rig) -> None:
    assert await asyncio.to_thread(rig.deployer.stage, rig.bundle, EFFECTIVE) is True
    assert rig.plane.calls == [("swap", SwapRequest(rig.bundle, effective_at=EFFECTIVE))]
    await asyncio.to_thread(rig.deployer.cancel_staged, "edge")
    assert rig.plane.calls[1:] == [("cancel_staged", "edge")]


async def test_a_refusal_keeps_the_gateways_code(rig: Rig) -> None:
    rig.plane.fault = ControlError("contoso.example would lose its certificate", code="coverage", hint="--allow-drop")
    with pytest.raises(ControlError) as caught:
        await asyncio.to_thread(rig.deployer.push, rig.bundle, DeployOptions())
    assert (caught.value.code, caught.value.hint) == ("coverage", "--allow-drop")


async def test_nobody_listening_is_not_running_also_for_verify(rig: Rig, tmp_path: Path) -> None:
    target = DeployTarget(name="gateway", kind="gateway", control=str(tmp_path / "other.sock"))
    deployer = GatewayDeployer(target, rig.prober)
    with pytest.raises(TargetNotRunningError):
        deployer.push(rig.bundle, DeployOptions())
    assert deployer.verify(rig.bundle).verdict is TargetVerdict.NOT_RUNNING


async def test_the_key_is_sent_to_nobody_but_the_user_the_target_names(rig: Rig) -> None:
    other = next(entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != os.geteuid())
    target = DeployTarget(name="gateway", kind="gateway", control=rig.target.control, user=other)
    with pytest.raises(PermissionDeniedError) as caught:
        await asyncio.to_thread(GatewayDeployer(target, rig.prober).push, rig.bundle, DeployOptions())
    assert caught.value.code == "wrong-peer"
    assert rig.plane.calls == []


async def test_asks_every_listener_for_every_domain_wildcards_at_loopback(rig: Rig) -> None:
    rig.plane.state = {
        "listeners": [
            {"address": "0.0.0.0:5269", "protocol": "xmpp-s2s", "domains": ["a.example", "b.example"]},
            {"address": "[::]:5270", "protocol": "xmpps-s2s", "domains": ["a.example"]},
            {"address": "127.9.9.9:5269", "protocol": "xmpp-s2s", "domains": ["a.example"]},
        ]
    }
    await asyncio.to_thread(rig.deployer.verify, rig.bundle)
    assert sorted(rig.prober.asked) == [
        ("127.0.0.1:5269", "xmpp-s2s", "a.example"),
        ("127.0.0.1:5269", "xmpp-s2s", "b.example"),
        ("127.9.9.9:5269", "xmpp-s2s", "a.example"),
        ("[::1]:5270", "xmpps-s2s", "a.example"),
    ]


async def test_asks_only_for_the_domains_that_this_lineage_serves(rig: Rig) -> None:
    listener: JsonObject = {"address": "127.9.9.9:5269", "protocol": "xmpp-s2s", "domains": ["a.example", "b.example"]}
    rig.plane.state = {"listeners": [listener], "certificates": [{"name": "edge", "domains": ["b.example"]}]}
    await asyncio.to_thread(rig.deployer.verify, rig.bundle)
    assert [domain for _, _, domain in rig.prober.asked] == ["b.example"]
    rig.plane.state["certificates"] = [{"name": "edge", "domains": []}]
    seen = await asyncio.to_thread(rig.deployer.verify, rig.bundle)
    assert seen.verdict is TargetVerdict.UNVERIFIED


@pytest.mark.parametrize(
    ("served", "verdict"),
    [
        ({"a.example": "same", "b.example": "same"}, TargetVerdict.SAME),
        ({"a.example": "same", "b.example": "other"}, TargetVerdict.DIFFERENT),
        ({"a.example": "same"}, TargetVerdict.UNVERIFIED),
        ({"b.example": "other"}, TargetVerdict.DIFFERENT),
        ({}, TargetVerdict.UNVERIFIED),
    ],
)
async def test_verdict_is_the_worst_of_the_listeners(rig: Rig, served: dict[str, str], verdict: TargetVerdict) -> None:
    own = rig.bundle.meta.fingerprint_sha256
    rig.prober.served = {domain: own if what == "same" else "f" * 64 for domain, what in served.items()}
    listener: JsonObject = {"address": "127.9.9.9:5269", "protocol": "xmpp-s2s", "domains": ["a.example", "b.example"]}
    rig.plane.state = {"listeners": [listener]}
    seen = await asyncio.to_thread(rig.deployer.verify, rig.bundle)
    assert seen.verdict is verdict
    assert len(seen.listeners) == 2
    assert bool(seen.error) is (verdict is not TargetVerdict.SAME)
    if verdict is TargetVerdict.DIFFERENT:
        assert seen.served_fingerprint_sha256 == "f" * 64
