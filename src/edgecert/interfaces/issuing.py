"""What a CA and what answers its challenges promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from cryptography import x509

    from edgecert.model.challenge import Challenge
    from edgecert.model.renewalinfo import RenewalInfo
    from edgecert.shared.names import GeneralName


@dataclass(frozen=True, slots=True)
class IssueOrder:
    """What an issuer is asked for: the CSR and what it cannot say; ``family`` are the names of the whole split."""

    lineage: str
    request_id: str
    csr: x509.CertificateSigningRequest
    names: tuple[GeneralName, ...]
    validity: timedelta
    client_auth: bool = False
    family: tuple[GeneralName, ...] = ()
    replaces: str = ""
    """Which certificate of the same CA this one takes the place of (RFC 9773 §5); empty for none."""


@dataclass(frozen=True, slots=True)
class Issued:
    """The CA's answer: certificates in any order, whether they come from a test CA, and the ACME directory's URL."""

    certificates: tuple[x509.Certificate, ...]
    staging_ca: bool = False
    directory: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The CA's answer is a person's business: what they have to carry, and what is said to them."""

    message: str
    request_file: str = ""
    records: tuple[str, ...] = ()
    """DNS records that a person has to publish, as lines of a zone file."""


class Issuer(Protocol):
    """A CA, seen from the use cases."""

    @property
    def kind(self) -> str:
        """``acme``, ``csr`` or ``local``."""
        ...

    def issue(self, order: IssueOrder) -> Issued | Waiting:
        """Get the certificate for ``order``, or say what a person has to do.

        Asking again for the same ``request_id`` goes on where the first call stopped.

        Raises:
            RefusedError: the CA will not sign this.
            NetworkError: the CA was not reached.
        """
        ...


@runtime_checkable
class Informing(Protocol):
    """A CA that says when its certificates should be renewed."""

    def renewal_info(self, certificate_id: str) -> RenewalInfo | None:
        """Ask the CA about one of its certificates; None if it gives no such information.

        Raises:
            NetworkError: it was not reached, or said nothing that can be read.
            RefusedError: it does not know the certificate.
        """
        ...


@runtime_checkable
class Preparing(Protocol):
    """An issuer that can begin before it is given an order."""

    def prepare(self) -> None:
        """Be told that :meth:`Issuer.issue` comes soon: what takes time may begin aside. Never raises; changes nothing.

        Threads that this starts are gone when ``issue`` returns; without ``issue`` they end with the process.
        """
        ...


@runtime_checkable
class Locating(Protocol):
    """A solver whose records may lie elsewhere than under the name itself."""

    def locate(self, challenges: Sequence[Challenge]) -> tuple[Challenge, ...]:
        """Give ``challenges`` with the place of each record, CNAMEs followed.

        Raises:
            ChallengeError: a CNAME leads nowhere.
        """
        ...


class ChallengeSolver(Protocol):
    """Publishes what a CA looks for. Both calls may come again for what they were called with before."""

    def present(self, challenges: Sequence[Challenge]) -> None:
        """Publish all ``challenges``; when this returns, the CA may look.

        Raises:
            ChallengeError: it could not be published; the caller cleans up all of them.
        """
        ...

    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Take ``challenges`` away again; what is not there is no fault.

        Raises:
            ChallengeError: something stayed behind.
        """
        ...
