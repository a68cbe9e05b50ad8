"""``make demo``: two organisations federate, and their certificates are renewed and swapped under load.

Two gateways (contoso.example, fabrikam.example) on loopback, each with its own state, its own local CA that the other
trusts, and an ``echo`` component for a home system. Everything is done by the commands that users have; this file only
runs them, prints each, counts, and cleans up.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.demoparts import HandshakeLoop, Program, ProgramError, Side, table
from tests.support.dns import Records, serve_dns
from tests.support.net import loopback_net

ROOT: Final = Path(__file__).resolve().parents[1]
SWAPS: Final = 10
RATE: Final = 40
BIN: Final = Path(sys.executable).parent


class DemoError(Exception):
    """Something the demo promises did not happen."""


@dataclass
class Renewal:
    """One renewal: the two serials and how long it took."""

    side: str
    old: str
    new: str
    deploy_ms: int
    command_ms: int


@dataclass
class Demo:
    """The play: its stage, its cast, and what was counted."""

    directory: Path
    prefix: str
    stack: ExitStack
    swaps: int = SWAPS
    sides: list[Side] = field(default_factory=list)
    senders: list[Program] = field(default_factory=list)
    renewals: list[Renewal] = field(default_factory=list)
    number: int = 0

    def say(self, text: str) -> None:
        """Begin a step."""
        self.number += 1
        lines = textwrap.fill(text, 78, initial_indent=f"{self.number:2}. ", subsequent_indent="    ")
        print(f"\n{lines}", flush=True)  # the demo's voice

    def run(self, *command: str | Path, shown: str = "") -> Any:  # JSON of any shape
        """Run a command of ours as users run it, show it, and give the ``result`` of its JSON document."""
        words = [str(word) for word in command]
        text = shown or " ".join(words).replace(str(self.directory), "$DEMO").replace(f"{ROOT}/", "")
        print(shell_lines(text), flush=True)  # the same
        done = subprocess.run([BIN / words[0], *words[1:], "--json"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            message = f"{text}\nexit code {done.returncode}\n{done.stdout}{done.stderr}"
            raise DemoError(message)
        return json.loads(done.stdout)["result"]

    # --- the acts --------------------------------------------------------------------------------

    def build_stage(self) -> None:
        """Give each side a directory, an address, a configuration; start a DNS responder that knows both."""
        self.sides = [
            Side("contoso", ROOT / "fixtures/topologies/contoso.toml", self.directory, f"{self.prefix}1"),
            Side("fabrikam", ROOT / "fixtures/topologies/fabrikam.toml", self.directory, f"{self.prefix}2"),
        ]
        records: Records = {}
        for side in self.sides:
            records |= side.dns_records()
        port = 15353
        self.stack.enter_context(serve_dns(f"{self.prefix}53", records, port=port))
        for side, other in zip(self.sides, reversed(self.sides), strict=True):
            side.write_configuration(f"{self.prefix}53:{port}", other)

    def issue(self) -> None:
        """Plan and issue on both sides, and let each trust the other's root."""
        self.say("Each side plans its names, makes key and certificate, and gives its root to the other.")
        for side, other in zip(self.sides, reversed(self.sides), strict=True):
            side.plan = self.run("edgecert", "plan", "-c", side.flags_file)
            self.run("edgecert", "issue", "-c", side.flags_file, "--state-dir", side.state_dir)
            self.run("edgecert", "ca", "export", "-o", other.trusted_roots, "--state-dir", side.state_dir)

    def start_gateways(self) -> None:
        """Start both gateways, which have no certificate yet, and make each side the other's partner."""
        self.say("Two gateways start. They have no certificate yet, so they are not ready.")
        for side in self.sides:
            side.gateway = self.start(side, "gateway", "edgecert-gateway", "serve", "--config", str(side.config))
            side.wait_for_socket()
            self.run("edgecert-gateway", "partner", "apply", side.partners_file, "--socket", side.control_socket)
        status = self.run("edgecert-gateway", "status", "--socket", self.sides[0].status_socket)
        print(f"      ready: {status['ready']} ({'; '.join(status['reasons'])})")  # the same

    def apply(self) -> None:
        """Deploy on both sides."""
        self.say("The first hot swap: the certificates go into the running gateways.")
        for side in self.sides:
            result = self.run(*side.apply_command())
            side.certificate = result["certificates"][0]
            (target,) = result["deployments"]
            verdict = f"deployed in {target['elapsed_ms']} ms, {target['verdict']}"
            print(f"      generation {side.certificate['generation']}, {verdict}")  # the same

    def start(self, side: Side, name: str, *command: str) -> Program:
        """Start a program of ours that stays; it ends with the demo."""
        text = " ".join(command).replace(str(self.directory), "$DEMO")
        print(shell_lines(f"{text} &"), flush=True)  # the same
        program = Program(name, [str(BIN / command[0]), *command[1:]], side.directory / f"{name}.log")
        self.stack.callback(program.stop)
        program.start()
        return program

    def start_traffic(self) -> None:
        """Start the echo components, which also talk to each other."""
        self.say("An echo component on each side, each sending to the other and counting the answers.")
        for side, other in zip(self.sides, reversed(self.sides), strict=True):
            self.senders.append(self.start(side, "echo", *side.echo_command(other, RATE)))
        for side, sender in zip(self.sides, self.senders, strict=True):
            sender.wait_for_line('"received"', 20)
            streams = self.run("edgecert-gateway", "streams", "--socket", side.status_socket)
            side.streams = inbound_streams(streams)

    def renew(self, loops: list[HandshakeLoop]) -> None:
        """Renew and swap ten times, while messages and handshakes flow."""
        self.say(f"{self.swaps} renewals with a hot swap each, while messages and new handshakes flow.")
        for loop in loops:
            loop.start()
        for turn in range(self.swaps):
            side = self.sides[turn % 2]
            before = side.certificate
            started = time.monotonic()
            result = self.run("edgecert", "renew", side.lineage, "--force", "--state-dir", side.state_dir)
            elapsed = round((time.monotonic() - started) * 1000)
            (lineage,) = result["lineages"]
            side.certificate = lineage["certificate"]
            (target,) = lineage["deployments"]
            if target["verdict"] != "same":
                message = f"{side.name} serves {target['verdict']} after the renewal: {target['error']}"
                raise DemoError(message)
            old, new = str(before["serial"]), str(side.certificate["serial"])
            self.renewals.append(Renewal(side.name, old, new, target["elapsed_ms"], elapsed))
            print(f"      {side.name}: {old[:12]}… → {new[:12]}… in {elapsed} ms")  # the same
        for loop in loops:
            loop.stop()

    def count(self) -> list[tuple[str, int, int, int]]:
        """Stop the senders and see what arrived: name, sent, received, streams dropped."""
        rows = []
        for side in self.sides:
            streams = self.run("edgecert-gateway", "streams", "--socket", side.status_socket)
            side.dropped = len(side.streams - inbound_streams(streams))
        for sender in self.senders:
            sender.signal(signal.SIGUSR1)  # stop sending, wait for the answers still on their way
        for side, sender in zip(self.sides, self.senders, strict=True):
            last = json.loads(sender.wait_for_line('"finished": true', 20))
            rows.append((side.name, int(last["sent"]), int(last["received"]), side.dropped))
        return rows

    # --- the closing tables ----------------------------------------------------------------------

    def report(self, rows: list[tuple[str, int, int, int]], loops: list[HandshakeLoop]) -> bool:
        """Print the closing tables; give whether nothing was lost."""
        lines = [""]
        for side in self.sides:
            names = [entry for certificate in side.plan["certificates"] for entry in certificate["names"]]
            lines += [
                f"Names of {side.lineage}",
                table(("name", "reason"), [(entry["name"], "; ".join(entry["reasons"])) for entry in names]),
                "",
            ]
        lines.append("Renewals")
        lines.append(
            table(
                ("side", "old serial", "new serial", "swap+verify", "command"),
                [
                    (one.side, f"{one.old[:12]}…", f"{one.new[:12]}…", f"{one.deploy_ms} ms", f"{one.command_ms} ms")
                    for one in self.renewals
                ],
            )
        )
        deploys = sorted(one.deploy_ms for one in self.renewals)
        lines.append(f"swap and verification: median {deploys[len(deploys) // 2]} ms, worst {deploys[-1]} ms")
        lines += ["", "What was lost"]
        loss = [
            (
                name,
                f"{loop.tried} / {loop.failed}",
                str(dropped),
                f"{sent} / {received}",
            )
            for (name, sent, received, dropped), loop in zip(rows, loops, strict=True)
        ]
        head = ("side", "handshakes tried / failed", "streams dropped", "messages sent / answered")
        lines.append(table(head, loss))
        good = all(sent == received and sent > 0 and not dropped for _name, sent, received, dropped in rows)
        good = good and all(loop.tried and not loop.failed for loop in loops)
        lines.append("Nothing was lost." if good else "SOMETHING WAS LOST.")
        print("\n".join(lines), flush=True)  # the same
        return good

    def play(self) -> bool:
        """Play it from beginning to end; give whether nothing was lost."""
        self.build_stage()
        self.issue()
        self.start_gateways()
        self.apply()
        self.start_traffic()
        loops = [HandshakeLoop(f"{side.address}:5269", side.domain) for side in self.sides]
        for loop in loops:
            self.stack.callback(loop.stop)
        self.renew(loops)
        return self.report(self.count(), loops)


def shell_lines(command: str, width: int = 78) -> str:
    """Give ``command`` after a prompt, broken as a shell takes it so that no line is longer than 80 columns."""
    lines = textwrap.wrap(command, width - 8, break_long_words=False, break_on_hyphens=False)
    return "    $ " + " \\\n        ".join(lines)


def inbound_streams(answer: Any) -> set[str]:  # JSON of any shape
    """Give the inbound streams by where they come from; each stream is inbound on one of the two sides."""
    return {f"{stream['address']}:{stream['port']}" for stream in answer["streams"] if stream["direction"] == "inbound"}


def main() -> int:
    """Play the demo in a directory of its own; give 0 if nothing was lost."""
    directory = Path(tempfile.mkdtemp(prefix="edgecert-demo-"))
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    good = False
    try:
        with loopback_net() as prefix, ExitStack() as stack:
            print(f"edgecert demo: gateways on {prefix}1 and {prefix}2\n$DEMO = {directory}")
            good = Demo(directory, prefix, stack).play()
    except (DemoError, ProgramError) as error:
        print(f"\nthe demo failed: {error}", file=sys.stderr)  # the demo's voice
    except KeyboardInterrupt:
        print("\ninterrupted; everything is stopped", file=sys.stderr)  # the same
        shutil.rmtree(directory, ignore_errors=True)
        return 130
    if good:
        shutil.rmtree(directory, ignore_errors=True)
        return 0
    print(f"logs are kept in {directory}", file=sys.stderr)  # the same
    return 1


if __name__ == "__main__":
    sys.exit(main())
