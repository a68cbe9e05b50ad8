"""What both stores decide alike: which names are allowed, what is current, what may be pruned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edgecert.model.request import NAME_PATTERN
from edgecert.shared.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgecert.interfaces import Deployments, OpenRequest, Staged

REQUEST_ID_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NAME: Final = re.compile(NAME_PATTERN)
_REQUEST_ID: Final = re.compile(REQUEST_ID_PATTERN)
_STATE_ORDER: Final = ("open", "cancelled", "completed")


def verify_name(name: str) -> str:
    """Give ``name`` back if it can be a lineage's; it becomes part of paths, so nothing else gets that far.

    Raises:
        StoreError: code ``bad-certificate-name``.
    """
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} cannot be the name of a certificate",
            code="bad-certificate-name",
            hint="use lower-case letters, digits, dot, hyphen, underscore; begin with a letter or digit; at most 64",
        )
    return name


def verify_request_id(request_id: str) -> str:
    """Give ``request_id`` back if it can be one.

    Raises:
        StoreError: code ``no-such-request``.
    """
    if not _REQUEST_ID.fullmatch(request_id):
        raise StoreError(f"{request_id!r} is no request", code="no-such-request")
    return request_id


def newest_not_held(generations: Iterable[int], held: Mapping[int, str]) -> int | None:
    """Give the highest number that is not held, or None."""
    return max((number for number in generations if number not in held), default=None)


def in_use(deployments: Deployments, staged: Staged | None) -> frozenset[int]:
    """Give the generations that a target serves or should serve, and the staged one."""
    numbers = {target.wanted for target in deployments.targets}
    numbers.update(target.serving for target in deployments.targets if target.serving is not None)
    if staged is not None:
        numbers.add(staged.generation)
    return frozenset(numbers)


def plan_prune(
    generations: Sequence[int], *, keep: int, protect: frozenset[int], current: int | None
) -> tuple[int, ...]:
    """Give the generations that go: all but the newest ``keep`` (one at least), ``protect`` and ``current``."""
    kept = set(sorted(generations)[-max(keep, 1) :]) | protect
    return tuple(number for number in sorted(generations) if number not in kept and number != current)


def has_ended(request: OpenRequest) -> bool:
    """Whether nobody waits for the request's certificate any more."""
    return request.state != "open"


def choose_request(requests: Iterable[OpenRequest], spki_sha256: str) -> OpenRequest | None:
    """Give the request with this public key, an open one before a cancelled before a completed, the newest of them."""
    found = sorted((request for request in requests if request.spki_sha256 == spki_sha256), key=_newest_first)
    return min(found, key=lambda request: _STATE_ORDER.index(request.state), default=None)


def _newest_first(request: OpenRequest) -> float:
    return -request.created_at.timestamp()


def oldest_first(requests: Iterable[OpenRequest]) -> tuple[OpenRequest, ...]:
    """Give the requests in the order they were made."""
    return tuple(sorted(requests, key=lambda request: (request.created_at, request.id)))


def no_such_certificate(name: str, known: Sequence[str]) -> StoreError:
    """Give the error for a lineage that is not there."""
    return StoreError(
        f"there is no certificate {name!r}",
        code="no-such-certificate",
        hint=f"there are: {', '.join(known)}" if known else "there is none yet; `edgecert apply` makes one",
    )


def no_such_generation(name: str, generation: int, known: Sequence[int]) -> StoreError:
    """Give the error for a generation that is not there."""
    return StoreError(
        f"certificate {name!r} has no generation {generation}",
        code="no-such-generation",
        hint=f"it has: {', '.join(map(str, known))}" if known else "it has none yet; `edgecert apply` issues one",
    )


def no_such_request(name: str, request_id: str) -> StoreError:
    """Give the error for a request that is not there."""
    return StoreError(
        f"certificate {name!r} has no request {request_id!r}",
        code="no-such-request",
        hint=f"`edgecert show {name}` lists what is open; `edgecert prune` takes ended ones away, with their keys",
    )


def request_exists(name: str, request_id: str) -> StoreError:
    """Give the error for a request made twice."""
    return StoreError(f"certificate {name!r} has a request {request_id!r} already", code="request-exists")


def generation_exists(name: str, generation: int) -> StoreError:
    """Give the error for a generation made twice."""
    return StoreError(
        f"certificate {name!r} has a generation {generation} already, and a generation is never changed",
        code="generation-exists",
    )


def name_taken(name: str) -> StoreError:
    """Give the error for a name that another lineage has."""
    return StoreError(
        f"there is a certificate {name!r} already",
        code="name-taken",
        hint="choose another name, or `edgecert remove` that one first",
    )
