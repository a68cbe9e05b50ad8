"""A few pages as they look, at the smallest size and at a larger one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.model.request import CertificateRequest, DeployTarget, Topology
from tests.support.snapshots import assert_looks_as_kept
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path

START = CertificateRequest(
    topology=Topology(
        web_conferencing="webcon.contoso.com",
        sip_domains=("contoso.com", "fabrikam.com"),
        xmpp_domains=("contoso.com",),
    ),
    deploy=(DeployTarget(name="gateway"),),
)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("page", ["kind", "names", "summary"])
async def test_a_page_looks_as_it_did(tmp_path: Path, page: str, size: tuple[int, int]) -> None:
    async with wizard(tmp_path, start=START, size=size) as seen:
        await seen.new_request()
        await seen.go(page)
        await seen.sees({"kind": "Who signs", "names": "4 names in 1 certificate", "summary": "▸Issue now◂"}[page])
        for control in seen.app.screen.query("OrderedInput"):
            control.cursor_blink = False  # type: ignore[attr-defined]  # an input
        await seen.pilot.pause()
        assert_looks_as_kept(seen.app, f"{page}-{size[0]}x{size[1]}")
