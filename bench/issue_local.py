"""``python -m bench.issue_local``: what it costs to issue from the local CA, whole processes beside ``openssl``'s.

``apply`` makes key, request, certificate (the first time also the CA: root and intermediate), proves them, keeps them
in the store and installs them for a files target without a reload command. The shell script beside it does the same
work with bare ``openssl`` commands. Both end with files that ``openssl verify`` accepts, which is looked at each time.
Runs alternate, so that a busy moment of the machine hits both.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.demoparts import table
from bench.measuring import BenchError, Series, clean_environment, describe_machine, run_measured

if TYPE_CHECKING:
    from collections.abc import Mapping

BIN: Final = Path(sys.executable).parent
ROUNDS: Final = 25
QUICK_ROUNDS: Final = 3
NAMES: Final = "DNS:sip.contoso.example,DNS:contoso.example"
_AS_CA: Final = "-addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign,cRLSign"
_EC: Final = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"


@dataclass(frozen=True, slots=True)
class KeyKind:
    """One kind of key, as both sides call it."""

    label: str
    algorithm: str
    bits: int
    genpkey: str


KINDS: Final = (
    KeyKind("P-256", "ecdsa", 256, _EC),
    KeyKind("RSA-2048", "rsa", 2048, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
)

FIRST: Final = f"""\
umask 077
openssl genpkey {_EC} -out root.key
openssl req -x509 -new -key root.key -sha256 -days 3652 -subj '/O=bench/CN=root' {_AS_CA} -out root.pem
openssl genpkey {_EC} -out issuing.key
openssl req -new -key issuing.key -subj '/O=bench/CN=issuing' -out issuing.csr
cat >issuing.ext <<END
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
extendedKeyUsage=serverAuth,clientAuth
nameConstraints=critical,permitted;DNS:contoso.example
END
openssl x509 -req -in issuing.csr -CA root.pem -CAkey root.key -days 730 -sha256 -extfile issuing.ext -out issuing.pem
"""

LEAF: Final = """\
umask 077
openssl genpkey {genpkey} -out leaf.key
openssl req -new -key leaf.key -subj '/CN=sip.contoso.example' -addext 'subjectAltName={names}' -out leaf.csr
cat >leaf.ext <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName={names}
END
openssl req -in leaf.csr -verify -noout
openssl x509 -req -in leaf.csr -CA issuing.pem -CAkey issuing.key -days 90 -sha256 -extfile leaf.ext -out leaf.pem
openssl verify -CAfile root.pem -untrusted issuing.pem leaf.pem
cat leaf.pem issuing.pem >fullchain.pem
install -d -m 0700 installed
install -m 0600 leaf.key installed/contoso.example.key
install -m 0600 fullchain.pem installed/contoso.example.crt
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """The scratch directory and the environment of all measured processes."""

    scratch: Path
    environ: Mapping[str, str]

    # --- the two sides

    def measure_kind(self, kind: KeyKind, rounds: int) -> tuple[Series, Series, Series, Series]:
        """Give first issue and renewal by us, then both by ``openssl``."""
        ours, renewal = Series(f"apply, first, {kind.label}"), Series(f"renew, {kind.label}")
        theirs, again = Series(f"openssl, first, {kind.label}"), Series(f"openssl, renew, {kind.label}")
        for turn in range(-1, rounds):  # the first turn compiles modules and fills caches, and is not counted
            place = self.scratch / f"{kind.algorithm}-{turn}"
            place.mkdir()
            ours_first, ours_again = self._run_ours(place, kind)
            theirs_first, theirs_again = self._run_openssl(place, kind)
            if turn >= 0:
                ours.add(ours_first)
                renewal.add(ours_again)
                theirs.add(theirs_first)
                again.add(theirs_again)
            shutil.rmtree(place)
        return ours, renewal, theirs, again

    def _run_ours(self, place: Path, kind: KeyKind) -> tuple[float, float]:
        flags, installed = place / "flags.toml", place / "installed"
        installed.mkdir(mode=0o700)
        flags.write_text(
            textwrap.dedent(f"""\
                version = 1
                [certificate]
                name = "edge"
                key_algorithm = "{kind.algorithm}"
                bit_length = {kind.bits}
                [topology]
                access_edge = "sip.contoso.example"
                sip_domains = ["contoso.example"]
                xmpp_domains = ["contoso.example"]
                [issuer]
                kind = "local"
                [[deploy]]
                name = "installed"
                kind = "files"
                directory = "installed"
                layout = "pem-files"
                cert_file = "contoso.example.crt"
                key_file = "contoso.example.key"
                """),
            encoding="utf-8",
        )
        state = place / "state"
        first = self.run([BIN / "edgecert", "apply", "-c", flags, "--state-dir", state], place)
        root = place / "root.pem"
        self.run([BIN / "edgecert", "ca", "export", "-o", root, "--state-dir", state], place)
        before = self.verify(installed, root)
        again = self.run([BIN / "edgecert", "renew", "edge", "--force", "--state-dir", state], place)
        if self.verify(installed, root) == before:
            raise BenchError("renew left the old certificate installed")
        return first, again

    def _run_openssl(self, place: Path, kind: KeyKind) -> tuple[float, float]:
        by_hand = place / "openssl"
        by_hand.mkdir()
        leaf = LEAF.format(genpkey=kind.genpkey, names=NAMES)
        first = self.run(["/bin/sh", "-ec", FIRST + leaf], by_hand)
        again = self.run(["/bin/sh", "-ec", leaf], by_hand)
        self.verify(by_hand / "installed", by_hand / "root.pem")
        return first, again

    def verify(self, installed: Path, root: Path) -> str:
        """See that what was installed is what it must be, by another implementation; give the certificate.

        Raises:
            BenchError: the chain does not verify, or the key is another one's.
        """
        certificate, key = installed / "contoso.example.crt", installed / "contoso.example.key"
        self.run(["openssl", "verify", "-CAfile", root, "-untrusted", certificate, certificate], installed)
        of_certificate = self.ask(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"])
        if of_certificate != self.ask(["openssl", "pkey", "-in", key, "-pubout"]):
            message = f"{key} is not the key of {certificate}"
            raise BenchError(message)
        return self.ask(["openssl", "x509", "-in", certificate, "-noout", "-serial"])

    # --- starting alone

    def measure_starts(self, certbot: str, rounds: int) -> list[Series]:
        """Give what it takes to start: bare Python, ``edgecert --version``, and certbot's where there is one."""
        commands: dict[str, list[str | Path]] = {
            "python -c pass": [BIN / "python", "-c", "pass"],
            "edgecert --version": [BIN / "edgecert", "--version"],
            "edgecert --help": [BIN / "edgecert", "--help"],
        }
        if certbot:
            commands["certbot --version"] = [certbot, "--version"]
        series = {name: Series(name) for name in commands}
        for turn in range(-1, rounds):
            for name, command in commands.items():
                elapsed = self.run(command, self.scratch)
                if turn >= 0:
                    series[name].add(elapsed)
        return list(series.values())

    # --- running

    def run(self, command: list[str | Path], cwd: Path) -> float:
        """Run and measure."""
        return run_measured(command, self.environ, cwd=cwd)

    def ask(self, command: list[str | Path]) -> str:
        """Give what a command says."""
        words = [str(word) for word in command]
        return subprocess.run(words, env=dict(self.environ), capture_output=True, text=True, check=True).stdout


def report(measured: dict[str, tuple[Series, Series, Series, Series]], starts: list[Series]) -> str:
    """Give the tables for people."""
    rows = []
    for label, (ours, renewal, theirs, again) in measured.items():
        for what, one, other in (("apply, first", ours, theirs), ("renew --force", renewal, again)):
            ratio = one.median / other.median
            rows.append((what, label, f"{one.median:.0f} ms", f"{other.median:.0f} ms", f"{ratio:.2f}"))
    lines = [table(("whole process", "key", "edgecert", "openssl", "ratio"), rows), ""]
    bare = starts[0].median
    lines.append(
        table(
            ("to start", "median", "p99", "of bare Python"),
            [(one.name, f"{one.median:.1f} ms", f"{one.p99:.1f} ms", f"{one.median / bare:.1f} x") for one in starts],
        )
    )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(prog="python -m bench.issue_local", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds instead of {ROUNDS}: a smoke test")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--certbot", default=shutil.which("certbot") or "", help="certbot to start beside us")
    args = parser.parse_args(argv)
    rounds = QUICK_ROUNDS if args.quick else ROUNDS
    machine = describe_machine()
    with tempfile.TemporaryDirectory(prefix="edgecert-bench-") as directory:
        scratch = Path(directory)
        bench = Bench(scratch, clean_environment(scratch))
        try:
            measured = {kind.label: bench.measure_kind(kind, rounds) for kind in KINDS}
            starts = bench.measure_starts(args.certbot, rounds * 2)
        except BenchError as error:
            print(f"bench.issue_local: {error}", file=sys.stderr)
            return 1
    if args.json:
        every = [*(one for group in measured.values() for one in group), *starts]
        document = {"bench": "issue_local", "machine": machine, "series": {one.name: one.to_json() for one in every}}
        print(json.dumps(document, indent=2))
        return 0
    print(f"issue_local: {rounds} rounds, alternating; medians")
    print(*(f"  {name}: {text}" for name, text in machine.items()), "", sep="\n")
    print(report(measured, starts))
    if not args.certbot:
        print("  certbot is not on the PATH: left out (--certbot FILE names one)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
