"""What a host with ten thousand certificates pays for a run that finds nothing to do: processor time and memory."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.demoparts import table
from bench.measuring import BenchError, clean_environment, describe_machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BIN: Final = Path(sys.executable).parent
SIZES: Final = (100, 10_000)
SETTLED: Final = 3.0
"""Seconds until what was written last is old enough to be passed by."""


def run(words: Sequence[str], environ: Mapping[str, str]) -> tuple[float, int, str]:
    """Run a command and give its processor seconds, its most memory in kB, and what it printed.

    Raises:
        BenchError: it failed.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(words, env=dict(environ), stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if process.returncode:
        message = f"{' '.join(words)}: exit code {process.returncode}\n{text[-2000:]}"
        raise BenchError(message)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss, text


def make_store(state: Path, scratch: Path, count: int, environ: Mapping[str, str]) -> None:
    """Make a store of ``count`` lineages: one is issued, the others are its copies under other names."""
    flags = scratch / "edge.toml"
    flags.write_text(
        textwrap.dedent("""\
            version = 1
            [certificate]
            name = "edge-00000"
            key_algorithm = "ecdsa"
            [topology]
            access_edge = "sip.contoso.example"
            xmpp_domains = ["contoso.example"]
            [issuer]
            kind = "local"
            """),
        encoding="utf-8",
    )
    run([str(BIN / "edgecert"), "apply", "-c", str(flags), "--state-dir", str(state)], environ)
    for number in range(1, count):
        for part in ("certificates", "requests"):
            shutil.copytree(state / part / "edge-00000", state / part / f"edge-{number:05}", symlinks=True)


def measure(count: int, environ: Mapping[str, str], scratch: Path) -> list[tuple[str, str, str, str]]:
    """Give the rows of a store with ``count`` lineages."""
    state = scratch / f"state-{count}"
    make_store(state, scratch, count, environ)
    time.sleep(SETTLED)
    rows = []
    for title, verb in (("renew, the first time", "renew"), ("renew, nothing to do", "renew"), ("list", "list")):
        cpu, kilobytes, text = run([str(BIN / "edgecert"), verb, "--state-dir", str(state)], environ)
        if text.count("edge-") < count:
            message = f"{verb} told of {text.count('edge-')} certificates, not of {count}"
            raise BenchError(message)
        rows.append((title, f"{count:,}", f"{cpu:.2f} s", f"{kilobytes / 1024:.0f} MiB"))
    return rows


def main(argv: list[str] | None = None) -> int:
    """Take the figures and print them; 1 if one could not be taken."""
    parser = argparse.ArgumentParser(prog="python -m bench.scan", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a hundred certificates only: a smoke test")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args(argv)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    machine, rows = describe_machine(), []
    with tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory:
        scratch = Path(directory)
        environ = clean_environment(scratch)
        try:
            run([str(BIN / "edgecert"), "--version"], environ)
            for count in SIZES[:1] if args.quick else SIZES:
                rows += measure(count, environ, scratch)
        except BenchError as error:
            print(f"bench.scan: {error}", file=sys.stderr)
            return 1
    headers = ("a run", "certificates", "CPU", "most memory")
    if args.json:
        figures = [dict(zip(headers, row, strict=True)) for row in rows]
        print(json.dumps({"bench": "scan", "machine": machine, "runs": figures}, indent=2))
        return 0
    print("scan: a run over all certificates of a host")
    print(*(f"  {name}: {text}" for name, text in machine.items()), "", sep="\n")
    print(table(headers, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
