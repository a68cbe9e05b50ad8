"""The built-in CA: a root, an intermediate that renews itself, and the issuer that signs with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.interfaces import Issued
from edgecert.issuers.authority import (
    INTERMEDIATE_LIFE,
    Authority,
    build_intermediate,
    build_leaf,
    build_root,
)
from edgecert.issuers.cafiles import CaFiles
from edgecert.issuers.constraints import Constraints
from edgecert.model.keys import generate_key
from edgecert.shared.chain import describe_name, fingerprint_sha256, serial_hex
from edgecert.shared.clock import format_time
from edgecert.shared.errors import MaterialError, RefusedError, StoreError
from edgecert.shared.names import from_certificate, parse_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509

    from edgecert.interfaces import IssueOrder
    from edgecert.shared.clock import Clock
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.keywrap import KeyWrapper
    from edgecert.shared.names import GeneralName

_KEY: Final = ("ecdsa", 256)


@dataclass(frozen=True, slots=True)
class LocalCaState:
    """What there is to know of a local CA; ``limits`` is None when it may sign any name."""

    directory: Path
    root: x509.Certificate
    root_key_present: bool
    intermediate: x509.Certificate | None
    limits: Constraints | None

    def to_json(self) -> JsonObject:
        """Give the state as ``ca show --json`` prints it."""
        limits = None
        if self.limits is not None:
            limits = {"domains": list(self.limits.domains), "addresses": list(self.limits.addresses)}
        return {
            "directory": str(self.directory),
            "root": _describe(self.root),
            "root_key_present": self.root_key_present,
            "intermediate": _describe(self.intermediate) if self.intermediate is not None else None,
            "constraints": limits,
        }


def _describe(certificate: x509.Certificate) -> JsonObject:
    return {
        "subject": describe_name(certificate.subject),
        "serial": serial_hex(certificate),
        "not_before": format_time(certificate.not_valid_before_utc),
        "not_after": format_time(certificate.not_valid_after_utc),
        "fingerprint_sha256": fingerprint_sha256(certificate),
    }


class LocalCa:
    """The local CA in one directory; made at its first use, healed at any use after a crash in its making.

    The root signs nothing but intermediates. Its key may be taken off the machine between two of them: name constraints
    are in the intermediate, so that whoever steals what is left cannot sign for others.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        wrapper: KeyWrapper | None = None,
        *,
        unwrapper: Callable[[], KeyWrapper] | None = None,
    ) -> None:
        """Use ``directory``; new keys are wrapped by ``wrapper`` if there is one.

        ``unwrapper`` gives the wrapper for keys that were wrapped before, if one is met and ``wrapper`` is None.
        """
        self._files = CaFiles(directory, wrapper, unwrapper)
        self._clock = clock

    @property
    def exists(self) -> bool:
        """Whether the CA has been made."""
        return self._files.load_root() is not None

    def sign(self, order: IssueOrder, *, unconstrained: bool = False) -> tuple[x509.Certificate, ...]:
        """Give leaf, intermediate and root for ``order``; a missing CA is made, a short intermediate renewed.

        A new CA is limited to the domains of ``order`` and its family, unless ``unconstrained``.

        Raises:
            RefusedError: ``outside-name-constraints``, ``validity-too-long``, ``bad-request``, ``ca-root-ends``.
            MaterialError: ``ca-root-key-absent``, ``key-unwrap-failed``.
            StoreError: ``ca-damaged``.
            LockedError: another process uses the CA all the time.
        """
        names = _prove_order(order)
        now = self._clock.now()
        with self._files.lock():
            limits = None if unconstrained else Constraints.for_names(tuple(dict.fromkeys((*names, *order.family))))
            issuer = self._issuer(names, limits, until=now + order.validity)
            root = self._root()
        leaf = build_leaf(issuer, order.csr, now=now, validity=order.validity, client_auth=order.client_auth)
        return (leaf, issuer.certificate, root)

    def extend(self, names: Sequence[str]) -> LocalCaState:
        """Permit more domains and addresses by a new intermediate below the same root; nobody has to trust anew.

        Nothing happens when they are permitted already, or the CA is unconstrained.

        Raises:
            NameProblem: one of ``names`` is neither a domain nor an IP address.
            MaterialError: ``ca-root-key-absent``.
            RefusedError: ``ca-root-ends``.
            StoreError: ``no-local-ca``, ``ca-damaged``.
        """
        more = [parse_name(name) for name in names]
        self._root()
        with self._files.lock():
            state = self.show()
            if state.intermediate is None or state.limits is None:
                return state
            wider = state.limits.widened(more)
            if wider != state.limits:
                self._make_intermediate(wider, until=self._clock.now())
        return self.show()

    def show(self) -> LocalCaState:
        """Give what there is to know.

        Raises:
            StoreError: ``no-local-ca``, ``ca-damaged``.
        """
        current = self._files.current_intermediate()
        return LocalCaState(
            directory=self._files.directory,
            root=self._root(),
            root_key_present=self._files.has_root_key(),
            intermediate=current.certificate if current is not None else None,
            limits=Constraints.from_certificate(current.certificate) if current is not None else None,
        )

    def export_root(self, *, limited: bool = False) -> bytes:
        """Give the root as PEM, for those who shall trust the CA.

        With ``limited`` it is the same root with the present name constraints in it: for a partner who wants to trust
        this CA for its own domains and nothing else. After :meth:`extend` that one has to be handed out again.

        Raises:
            StoreError: ``no-local-ca``, ``ca-damaged``.
            MaterialError: ``ca-root-key-absent``; ``ca-unconstrained`` when there is nothing to limit to.
        """
        root = self._root()
        if not limited:
            return root.public_bytes(Encoding.PEM)
        limits = self.show().limits
        if limits is None:
            message = "this CA has no name constraints that its root could be limited to"
            raise MaterialError(message, code="ca-unconstrained", hint="export the root without --limited")
        key = self._files.root_key(root)
        twin = build_root(key, label="", now=self._clock.now(), like=root, limits=limits)
        return twin.public_bytes(Encoding.PEM)

    def _root(self) -> x509.Certificate:
        root = self._files.load_root()
        if root is not None:
            return root
        if self._files.current_intermediate() is not None:
            message = f"the root certificate of the local CA is gone from {self._files.directory}"
            raise StoreError(message, code="ca-damaged", hint="restore the directory from a backup")
        message = "there is no local CA yet"
        raise StoreError(message, code="no-local-ca", hint='it is made by the first issue with [issuer] kind = "local"')

    def _issuer(self, names: Sequence[GeneralName], limits: Constraints | None, *, until: datetime) -> Authority:
        current = self._files.current_intermediate()
        if current is None:
            if self._files.load_root() is None:
                self._make_root(_label(names, limits))
            return self._make_intermediate(limits, until=until)
        own = Constraints.from_certificate(current.certificate)
        outside = [] if own is None else [name for name in names if not own.permits(name)]
        if outside:
            message = f"the local CA may not sign for: {', '.join(dict.fromkeys(name.text for name in outside))}"
            missing = Constraints.for_names(outside)
            hint = f"permit them: edgecert ca extend {' '.join((*missing.domains, *missing.addresses))}"
            raise RefusedError(message, code="outside-name-constraints", hint=hint)
        if current.certificate.not_valid_after_utc < until:
            return self._make_intermediate(own, until=until)
        return Authority(current.certificate, self._files.intermediate_key(current))

    def _make_root(self, label: str) -> None:
        key = generate_key(*_KEY)
        self._files.save_root(key, build_root(key, label=label, now=self._clock.now()))

    def _make_intermediate(self, limits: Constraints | None, *, until: datetime) -> Authority:
        root = self._root()
        if root.not_valid_after_utc < until:
            message = (
                f"the root of the local CA ends {format_time(root.not_valid_after_utc)}, before the certificate would"
            )
            hint = (
                f"move {self._files.directory} away; the next issue makes a new CA, which partners have to trust anew"
            )
            raise RefusedError(message, code="ca-root-ends", hint=hint)
        signer = Authority(root, self._files.root_key(root))
        key = generate_key(*_KEY)
        label = describe_name(root.subject).partition(" ")[0]
        certificate = build_intermediate(signer, key, label=label, now=self._clock.now(), limits=limits)
        self._files.add_intermediate(key, certificate)
        return Authority(certificate, key)


def _label(names: Sequence[GeneralName], limits: Constraints | None) -> str:
    """Give the word that the CA is named by: its first domain."""
    domains = (limits or Constraints.for_names(names)).domains
    return domains[0] if domains else names[0].text


def _prove_order(order: IssueOrder) -> tuple[GeneralName, ...]:
    """Give the names of a request that is whole and says what was ordered.

    Raises:
        RefusedError: ``bad-request``, ``validity-too-long``.
    """
    names = from_certificate(order.csr)
    if not order.csr.is_signature_valid or not names or set(names) != set(order.names):
        message = "the request is not signed by its own key, or names something else than was ordered"
        raise RefusedError(message, code="bad-request", hint="make a new request")
    if order.validity > INTERMEDIATE_LIFE:
        message = f"the local CA signs for {INTERMEDIATE_LIFE.days} days at most, not {order.validity.days}"
        raise RefusedError(
            message, code="validity-too-long", hint="set a shorter [issuer] validity; renewal is automatic"
        )
    return names


class LocalIssuer:
    """Issues from a :class:`LocalCa`; implements :class:`edgecert.interfaces.Issuer`."""

    def __init__(self, ca: LocalCa, *, unconstrained: bool = False) -> None:
        """Sign with ``ca``; ``unconstrained`` counts when the CA is made by this call."""
        self._ca = ca
        self._unconstrained = unconstrained

    @property
    def kind(self) -> Literal["local"]:
        """The word for this issuer in flags files."""
        return "local"

    def issue(self, order: IssueOrder) -> Issued:
        """Give the certificate at once; asked again, a new one for the same key.

        Raises:
            RefusedError, MaterialError, StoreError, LockedError: as :meth:`LocalCa.sign`.
        """
        return Issued(self._ca.sign(order, unconstrained=self._unconstrained))
