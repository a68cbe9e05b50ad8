from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from tests.support.gatewaycli import gateway_cli
from tests.support.plane import serving_plane

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject


async def test_tells_what_waits_since_when_and_why(tmp_path: Path) -> None:
    queue: JsonObject = {
        "home": "contoso.example",
        "domain": "fabrikam.example",
        "state": "failed",
        "reason": "connect-failed: port 5269: 192.0.2.1: Connection refused",
        "stanzas": 3,
        "on_disk": 2,
        "unacknowledged": 0,
        "octets": 900,
        "oldest_s": 75,
        "next_attempt_s": 40,
    }
    async with serving_plane(tmp_path) as rig:
        arguments = ("queue", "list", "--socket", str(rig.status))
        assert (await asyncio.to_thread(gateway_cli, *arguments)).stdout == "nothing waits\n"
        rig.plane.waiting = [queue]
        shown = (await asyncio.to_thread(gateway_cli, *arguments)).stdout
        document = json.loads((await asyncio.to_thread(gateway_cli, *arguments, "--json")).stdout)
    assert document["result"] == {"queues": [queue]}
    for word in ("fabrikam.example", "failed", "1 min 15 s", "in 40 s", "Connection refused"):
        assert word in shown
