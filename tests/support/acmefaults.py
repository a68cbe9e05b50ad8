"""Faults of a server, planned for one of its requests: by its number, or by its path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from edgecert.issuers.acme.transport import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAIN: Final = "/cert/"


class Dropped(Exception):  # noqa: N818  # what happens, not an error of the server
    """The connection ends without an answer."""


class Held(Exception):  # noqa: N818  # the same
    """The answer does not come as long as the client waits."""


class Fault(Enum):
    """What goes wrong with a request."""

    DROP_BEFORE = "the connection is lost before the server acted"
    DROP_AFTER = "the connection is lost after the server acted"
    HOLD_BEFORE = "no answer, and the server did not act"
    HOLD_AFTER = "no answer, though the server acted"
    ERROR_500 = "500 with HTML"
    UNAVAILABLE = "503 with Retry-After"
    RATE_LIMITED = "429 with Retry-After"
    BAD_NONCE = "badNonce"
    NO_NONCE = "an answer without a fresh nonce"
    WRONG_NONCE = "a fresh nonce that the server does not know"
    MALFORMED = "JSON that ends in the middle"
    NOT_JSON = "200 with HTML"
    TRUNCATED_CHAIN = "a chain that ends in the middle of a certificate"
    WRONG_CHAIN = "a chain with another CA's certificate"
    WRONG_CERTIFICATE = "a certificate for another key"


ON_CHAINS: Final = frozenset({Fault.TRUNCATED_CHAIN, Fault.WRONG_CHAIN, Fault.WRONG_CERTIFICATE})


class Faults(Protocol):
    """Stands before and behind the server."""

    def before(self, number: int, method: str, path: str) -> Response | None:
        """Give an answer in the server's place, or None; may raise :class:`Dropped` or :class:`Held`."""
        ...

    def after(self, number: int, path: str, response: Response) -> Response:
        """Give what the client gets instead of ``response``; may raise the same."""
        ...


class NoFaults:
    """The server as it is."""

    def before(self, number: int, method: str, path: str) -> Response | None:
        """Let the request through."""
        del number, method, path
        return None

    def after(self, number: int, path: str, response: Response) -> Response:
        """Let the answer through."""
        del number, path
        return response


@dataclass
class Planned:
    """One fault at request ``at`` (from 0), for ``times`` requests from there on whose paths begin with ``path``.

    ``other_chain`` is what a wrong chain or certificate is replaced by.
    """

    fault: Fault
    at: int = 0
    times: int = 1
    path: str = ""
    retry_after: str = "2"
    other_chain: str = ""
    happened: int = 0

    def _is_due(self, number: int, path: str) -> bool:
        if number < self.at or self.happened >= self.times or not path.startswith(self.path):
            return False
        return self.fault not in ON_CHAINS or path.startswith(CHAIN)

    def before(self, number: int, method: str, path: str) -> Response | None:
        """Implement :class:`Faults`."""
        del method
        if not self._is_due(number, path):
            return None
        answer: Response | None = None
        match self.fault:
            case Fault.DROP_BEFORE:
                self.happened += 1
                raise Dropped
            case Fault.HOLD_BEFORE:
                self.happened += 1
                raise Held
            case Fault.ERROR_500:
                answer = Response(500, {"content-type": "text/html"}, b"<html>oops</html>")
            case Fault.UNAVAILABLE:
                answer = problem(503, "serverInternal", "down for a moment", self.retry_after)
            case Fault.RATE_LIMITED:
                answer = problem(429, "rateLimited", "too many requests", self.retry_after)
            case Fault.BAD_NONCE if path not in ("/directory", "/newNonce"):
                answer = problem(400, "badNonce", "what nonce is that?")
            case _:
                return None
        self.happened += 1
        return answer

    def after(self, number: int, path: str, response: Response) -> Response:
        """Implement :class:`Faults`."""
        if not self._is_due(number, path):
            return response
        self.happened += 1
        headers: Mapping[str, str] = response.headers
        match self.fault:
            case Fault.DROP_AFTER:
                raise Dropped
            case Fault.HOLD_AFTER:
                raise Held
            case fault if fault in ON_CHAINS:
                return replace(response, body=self._wrong_chain(response.body))
            case Fault.NO_NONCE:
                return replace(response, headers=_without_nonce(headers))
            case Fault.WRONG_NONCE:
                return replace(response, headers={**headers, "replay-nonce": "bm90LW9uZS1vZi1vdXJz"})
            case Fault.MALFORMED:
                return replace(response, body=response.body[: len(response.body) // 2])
            case Fault.NOT_JSON:
                return replace(response, body=b"<html>maintenance</html>")
            case _:
                self.happened -= 1
                return response

    def _wrong_chain(self, body: bytes) -> bytes:
        if self.fault is Fault.TRUNCATED_CHAIN:
            return body[:-300]
        if self.fault is Fault.WRONG_CERTIFICATE:
            return self.other_chain.encode()
        leaf, end, _ = body.partition(b"-----END CERTIFICATE-----\n")
        return leaf + end + self.other_chain.encode()


def _without_nonce(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "replay-nonce"}


def problem(status: int, kind: str, detail: str, retry_after: str = "") -> Response:
    """Give a problem document as an answer."""
    headers = {"content-type": "application/problem+json", **({"retry-after": retry_after} if retry_after else {})}
    body = f'{{"type": "urn:ietf:params:acme:error:{kind}", "detail": "{detail}"}}'
    return Response(status, headers, body.encode())
