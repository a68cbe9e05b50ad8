"""What a target and a handshake with it promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from edgecert.interfaces.store import TargetVerdict
    from edgecert.shared.bundle import Bundle


CloseOldStreams = Literal["keep", "drain", "now"]


@dataclass(frozen=True, slots=True)
class ListenerReport:
    """What one listener was seen to serve for one domain."""

    address: str
    protocol: str
    domain: str
    verdict: TargetVerdict
    fingerprint_sha256: str = ""
    serial: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a target was seen to serve: the worst of its listeners, and each of them."""

    verdict: TargetVerdict
    served_fingerprint_sha256: str = ""
    listeners: tuple[ListenerReport, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How a generation goes into service; ``replaces`` are names that the lineage had, which end with it."""

    rollback: bool = False
    allow_drop: bool = False
    close_old_streams: CloseOldStreams = "keep"
    replaces: tuple[str, ...] = ()


DEPLOY_AS_USUAL: Final = DeployOptions()


class Deployer(Protocol):
    """One target. ``push`` either takes effect as a whole or leaves the target serving what it served."""

    def push(self, bundle: Bundle, options: DeployOptions) -> None:
        """Put ``bundle`` into service.

        Raises:
            TargetNotRunningError: nobody is there; the deployment stays open.
            DeployError: the target refused or failed, and serves what it served before.
        """
        ...

    def stage(self, bundle: Bundle, effective_at: datetime, options: DeployOptions = DEPLOY_AS_USUAL) -> bool:
        """Hand ``bundle`` over to go into service at a date; False if this kind of target cannot do it itself."""
        ...

    def cancel_staged(self, name: str) -> None:
        """Withdraw what was staged at the target; nothing happens if there is nothing."""
        ...

    def verify(self, bundle: Bundle) -> Verification:
        """See by real handshakes what is served, against ``bundle``. Never raises for what the target does."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """What a listener presented in a real handshake: DER certificates, leaf first."""

    certificates: tuple[bytes, ...]
    fingerprint_sha256: str
    serial: str
    tls_version: str


class Prober(Protocol):
    """Does real handshakes."""

    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        """Ask ``address`` (``host:port``) for ``domain``'s certificate.

        Raises:
            NetworkError: not reached, no TLS, or no answer in ``timeout`` seconds.
        """
        ...
