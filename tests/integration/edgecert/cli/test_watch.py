"""``renew --watch`` as a whole process: ready, at work, told to look again, told to end."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import Program, script, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cli import Host


def watching(host: Host, tmp_path: Path, *words: str, environ: dict[str, str] | None = None) -> Program:
    argv = [script("edgecert"), "renew", "--watch", "--state-dir", str(host.state_dir), "-v", *words]
    return Program(argv, tmp_path / "watch.log", environ or {})


def generations(host: Host) -> set[str]:
    return {path.name for path in (host.state_dir / "certificates" / "edge").glob("0*")}


def test_renews_what_is_due_at_once_after_a_hangup_and_ends_when_told(host: Host, tmp_path: Path) -> None:
    host.apply()
    address = str(tmp_path / "notify.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(20)
        with watching(host, tmp_path, "--json", environ={"NOTIFY_SOCKET": address}) as program:
            said = {manager.recv(1000).decode() for _ in range(2)}
            assert "READY=1" in said
            while not any(text.startswith("STATUS=1 certificates; looks again at") for text in said):
                said.add(manager.recv(1000).decode())
            assert generations(host) == {"0001"}
            (path,) = (host.state_dir / "certificates").glob("*/settings.toml")
            text = path.read_text(encoding="utf-8")
            assert 'directory = ""' in text  # the whole request is there, so that the deploy target may be taken out
            host.run("settings", "set", "edge", "renewal.renew_before=400w")
            meta = host.state_dir / "certificates" / "edge" / "0001" / "meta.json"
            document = json.loads(meta.read_bytes())
            document["not_before"] = "2020-01-01T00:00:00Z"  # two thirds of that life are over: it is due
            meta.write_text(json.dumps(document))
            program.send(signal.SIGHUP)
            wait_until(lambda: len(generations(host)) > 1, what="a second generation")
            wait_until(lambda: '"renewed"' in program.output, what="it to say so")
            program.send(signal.SIGTERM)
            assert program.wait() == 0
            lines = [line for line in program.output.splitlines() if line.startswith('{"schema"')]
            assert json.loads(lines[0])["result"]["lineages"][0]["action"] == "renewed"
            while "STOPPING=1" not in said:
                said.add(manager.recv(1000).decode())


def test_two_of_them_and_a_run_by_hand_do_not_renew_twice(host: Host, tmp_path: Path) -> None:
    host.apply()
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with watching(host, tmp_path / "one") as one, watching(host, tmp_path / "two") as two:
        for program in (one, two):
            wait_until(lambda program=program: "looks again" in program.output, what="it to wait")  # type: ignore[misc]
        assert host.run("renew", "edge", "--force").code == 0
        for program in (one, two):
            program.send(signal.SIGHUP)
            wait_until(lambda program=program: program.output.count("looks again") == 2, what="a second look")  # type: ignore[misc]
        assert generations(host) == {"0001", "0002"}


@pytest.mark.parametrize("word", ["edge", "--dry-run"])
def test_it_looks_after_all_of_them(host: Host, word: str) -> None:
    assert host.run("renew", "--watch", word).code == os.EX_OK + 2


def test_metrics_are_written_for_a_collector(host: Host, tmp_path: Path) -> None:
    host.apply()
    path = tmp_path / "edgecert.prom"
    for _ in range(2):
        assert host.run("renew", "--metrics-file", str(path)).code == 0
        values = dict(line.rsplit(" ", 1) for line in path.read_text().splitlines() if not line.startswith("#"))
        assert values['edgecert_renewal_overdue{name="edge"}'] == "0"
        assert values['edgecert_renewal_failures{name="edge"}'] == "0"
        due, end = (
            float(values[f'edgecert_{what}_timestamp_seconds{{name="edge"}}'])
            for what in ("renewal_due", "certificate_not_after")
        )
        assert due < end
        assert float(values["edgecert_last_run_timestamp_seconds"]) < due
    assert path.stat().st_mode & 0o777 == 0o644
    missing = host.run("renew", "--metrics-file", str(tmp_path / "absent" / "file"))
    assert [warning["code"] for warning in missing.document["warnings"]] == ["metrics-not-written"]
