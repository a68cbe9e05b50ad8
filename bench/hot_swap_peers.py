"""How Prosody and ejabberd take a new certificate: by their own commands, timed by the same prober."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.hashes import SHA256

from bench.hot_swap_load import LoadConfig
from bench.hot_swap_stage import PARTNER, RunningLoad, watch_for
from bench.measuring import Series, run_measured
from tests.support.net import free_port
from tests.support.peers.ejabberd import COMPONENT_SECRET as EJABBERD_SECRET
from tests.support.peers.ejabberd import run_ejabberd
from tests.support.peers.prosody import COMPONENT_SECRET as PROSODY_SECRET
from tests.support.peers.prosody import run_prosody
from tests.support.pki import Pki

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.hot_swap_stage import Stage
    from tests.support.pki import Issued

PROSODY: Final = "prosody.example"
EJABBERD: Final = "ejabberd.example"
PAUSE: Final = 1.1
"""Seconds between two reloads: ejabberd tells a changed file by the second it was changed in."""


@dataclass(slots=True)
class PeerFigures:
    """What was measured, and what could not be."""

    series: list[Series] = field(default_factory=list)
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)  # JSON of any shape
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subject:
    """A peer under test: where it is, the two certificates that take turns, and how one gets there."""

    name: str
    address: str
    domain: str
    both: list[Issued]
    install: Callable[[Issued], None]


@dataclass(frozen=True, slots=True)
class Peers:
    """The stage whose load they get too, and how often each reloads."""

    stage: Stage
    reloads: int

    def measure(self) -> PeerFigures:
        """Time each that is installed; say which are not."""
        figures = PeerFigures()
        pki = Pki.create(self.stage.directory / "peers-pki")
        for program, measure in (("prosody", self._measure_prosody), ("erl", self._measure_ejabberd)):
            if shutil.which(program) is None:
                figures.notes.append(f"{program} is not installed, its figures are left out: make peers")
            else:
                measure(pki, figures)
        return figures

    def _measure_prosody(self, pki: Pki, figures: PeerFigures) -> None:
        address, place = f"{self.stage.net}2", self.stage.directory / "prosody"
        both = [pki.issue([PROSODY], key=self.stage.key), pki.issue([PROSODY], key=self.stage.key)]
        with run_prosody(place, address, PROSODY, both[0], ca_file=pki.ca_file) as prosody:
            command = [shutil.which("prosodyctl") or "prosodyctl", "--config", str(prosody.config), "reload"]

            def by_command() -> None:
                run_measured(command, self.stage.environ, cwd=place)

            subject = Subject("Prosody", address, PROSODY, both, prosody.install)
            with self._loaded(subject, pki, PROSODY_SECRET, figures):
                figures.series.append(self._time(subject, "SIGHUP", prosody.reload))
                figures.series.append(self._time(subject, "prosodyctl reload", by_command))

    def _measure_ejabberd(self, pki: Pki, figures: PeerFigures) -> None:
        address, place = f"{self.stage.net}3", self.stage.directory / "ejabberd"
        both = [pki.issue([EJABBERD], key=self.stage.key), pki.issue([EJABBERD], key=self.stage.key)]
        port = free_port()
        with run_ejabberd(place, address, EJABBERD, both[0], ca_file=pki.ca_file, port=port) as ejabberd:

            def by_command() -> None:
                run_measured(ejabberd.reload_command, ejabberd.environ, cwd=place)

            subject = Subject("ejabberd", address, EJABBERD, both, ejabberd.install)
            with self._loaded(subject, pki, EJABBERD_SECRET, figures):
                figures.series.append(self._time(subject, "ejabberdctl reload_config", by_command))

    @contextmanager
    def _loaded(self, subject: Subject, pki: Pki, secret: str, figures: PeerFigures) -> Iterator[None]:
        """Put our load on a peer while the context lasts, and note what came of it."""
        place = self.stage.directory / f"load-{subject.name}"
        certificate, key = pki.issue([PARTNER], eku=("server", "client")).write(self.stage.directory / subject.name)
        config = LoadConfig(
            address=subject.address,
            home=subject.domain,
            partner=PARTNER,
            certificate=str(certificate),
            key=str(key),
            secret=secret,
            **self.stage.rates,
        )
        load = RunningLoad(place, config, self.stage.environ)
        try:
            load.start()
            yield
            counts = load.finish()
        finally:
            load.program.stop()
        figures.counts[subject.name] = counts

    def _time(self, subject: Subject, how: str, reload: Callable[[], None]) -> Series:
        """Give the times from the command to the first handshake on the certificate that was installed before it."""
        series = Series(f"{subject.name}, {how}")
        for _ in range(self.reloads):
            subject.both.reverse()
            issued = subject.both[0]
            subject.install(issued)
            fingerprint = issued.cert.fingerprint(SHA256()).hex()
            with watch_for(f"{subject.address}:5269", subject.domain, fingerprint) as sighting:
                begun = time.monotonic()
                reload()
            assert sighting.at is not None
            series.add((sighting.at - begun) * 1000)
            time.sleep(PAUSE)
        return series
