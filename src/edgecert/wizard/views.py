"""What the wizard shows of the store and of what a CA sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

    from edgecert.interfaces import OpenRequest
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.errors import EdgecertError
    from edgecert.shared.secret import Secret


@dataclass(frozen=True, slots=True)
class Held:
    """One lineage as the task page lists it."""

    name: str
    meta: BundleMeta | None
    deployed: str
    staged: str
    requests: tuple[OpenRequest, ...]
    has_targets: bool


@dataclass(frozen=True, slots=True)
class TestRun:
    """What a test run came to: where it was tried, and whether a certificate was really made there."""

    __test__ = False  # no test case, though it is called so

    place: str
    issued: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What a CA sent, looked at before it is taken: the chain as far as it goes, what is wrong, what to know."""

    request: OpenRequest | None
    chain: tuple[x509.Certificate, ...]
    fault: EdgecertError | None
    notes: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()
    """What differs from the names asked for: it is taken only if the person says so."""


@dataclass(frozen=True, slots=True)
class AnswerGiven:
    """What a person gives for a pending request; ``request`` is the one that was picked, none for whichever fits."""

    data: bytes
    chain: bytes = b""
    password: Secret | None = None
    request: str = ""
