from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Host


def test_a_renewal_that_is_late_and_fails_is_seen_in_the_numbers(host: Host, tmp_path: Path) -> None:
    host.apply()
    meta = host.state_dir / "certificates" / "edge" / "0001" / "meta.json"
    document = json.loads(meta.read_bytes())
    document |= {"not_before": "2020-01-01T00:00:00Z"}
    meta.write_text(json.dumps(document))
    state = {"generation": 1, "failures": 3, "retry_at": "2999-01-01T00:00:00Z"}
    state["error"] = {"code": "refused", "message": "closed", "hint": "", "exit_code": 6}
    (host.state_dir / "certificates" / "edge" / "renewal.json").write_text(json.dumps(state))
    host.run("settings", "set", "edge", "renewal.renew_before=400w")
    path = tmp_path / "edgecert.prom"
    assert host.run("renew", "--metrics-file", str(path)).code == 6
    text = path.read_text()
    assert 'edgecert_renewal_failures{name="edge"} 3' in text
    assert 'edgecert_renewal_overdue{name="edge"} 2' in text
