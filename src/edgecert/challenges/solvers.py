"""Which solver does a challenge entry of the flags file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.model.challengerules import answering_gateway
from edgecert.shared.duration import parse_duration

if TYPE_CHECKING:
    from edgecert.challenges.delegation import Delegations
    from edgecert.dns.lookup import Lookup
    from edgecert.dns.update import ZoneUpdater
    from edgecert.interfaces import ChallengeSolver, Progress
    from edgecert.model.request import CertificateRequest, ChallengeOptions
    from edgecert.shared.clock import Clock

HTTPS: Final = "0.0.0.0:443"


@dataclass(frozen=True, slots=True)
class Solvers:
    """Makes the solvers of a request, each loaded when it is needed."""

    request: CertificateRequest
    clock: Clock
    progress: Progress

    def make(self, options: ChallengeOptions) -> ChallengeSolver:
        """Give the solver that does ``options``."""
        match options.type:
            case "http-01":
                return self._http(options)
            case "tls-alpn-01":
                from edgecert.challenges.tlsalpn01 import TlsAlpnSolver  # noqa: PLC0415  # loads OpenSSL's bindings

                return TlsAlpnSolver(options.listen or HTTPS, self.clock)
            case "dns-persist-01":
                from edgecert.challenges.persist import PersistSolver  # noqa: PLC0415  # one kind per entry

                return PersistSolver(self._lookup(options), self.clock, self.progress)
            case "dns-01":
                return self._dns(options)

    def _http(self, options: ChallengeOptions) -> ChallengeSolver:
        if options.webroot:
            from edgecert.challenges.webroot import WebrootSolver  # noqa: PLC0415  # one kind per entry

            return WebrootSolver(Path(options.webroot))
        if options.gateway:
            from edgecert.challenges.gateway import GatewaySolver  # noqa: PLC0415  # the same

            return GatewaySolver(*answering_gateway(self.request, options))
        from edgecert.challenges.responder import ResponderSolver  # noqa: PLC0415  # the same

        return ResponderSolver(options.listen)

    def _dns(self, options: ChallengeOptions) -> ChallengeSolver:
        match options.provider:
            case "rfc2136":
                from edgecert.challenges.rfc2136 import Rfc2136Solver  # noqa: PLC0415  # one kind per entry

                timeout = parse_duration(options.propagation_timeout).total_seconds()
                return Rfc2136Solver(lambda: self._updater(options), self._delegations(options), timeout)
            case "manual":
                from edgecert.challenges.manual import ManualSolver  # noqa: PLC0415  # the same
                from edgecert.dns.authorities import Authorities  # noqa: PLC0415  # the same

                authorities = Authorities(self._lookup(options))
                return ManualSolver(authorities, self._delegations(options), self.progress)
            case _:
                from edgecert.challenges.command import CommandSolver  # noqa: PLC0415  # the same

                timeout = parse_duration(options.command_timeout).total_seconds()
                return CommandSolver(options.command, timeout, self._delegations(options))

    def _updater(self, options: ChallengeOptions) -> ZoneUpdater:
        from edgecert.dns.tsig import load_tsig_key  # noqa: PLC0415  # only where a zone is changed
        from edgecert.dns.update import ZoneUpdater  # noqa: PLC0415  # the same

        key = None
        if options.tsig_secret_file:
            path = Path(options.tsig_secret_file)
            key = load_tsig_key(path, name=options.tsig_name, algorithm=options.tsig_algorithm)
        return ZoneUpdater(options.server, key, self._lookup(options), self.clock)

    def _delegations(self, options: ChallengeOptions) -> Delegations:
        from edgecert.challenges.delegation import Delegations  # noqa: PLC0415  # only for dns-01

        return Delegations(self._lookup(options), self.progress)

    @staticmethod
    def _lookup(options: ChallengeOptions) -> Lookup:
        from edgecert.dns.lookup import Lookup  # noqa: PLC0415  # loads dnspython

        return Lookup(options.nameservers)
