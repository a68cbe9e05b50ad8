"""Signed requests to one ACME server: nonces, and what is tried again (RFC 8555 §6)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from josepy.errors import DeserializationError
from josepy.json_util import decode_b64jose

from edgecert.issuers.acme.accountkey import algorithm_of
from edgecert.issuers.acme.library import jws, messages
from edgecert.issuers.acme.patience import growing_pause
from edgecert.issuers.acme.problems import kind_of, malformed, parse_object, problem_of
from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from josepy.jwk import JWKEC, JWKRSA

    from edgecert.issuers.acme.clockwatch import ClockWatch
    from edgecert.issuers.acme.patience import Patience
    from edgecert.issuers.acme.transport import Response, Transport

_JOSE: Final = "application/jose+json"
_OK: Final = range(200, 300)
_FAULTS_OF_THE_SERVER: Final = frozenset({500, 502, 503, 504})
_TOO_MANY: Final = 429
# Half of all nonces refused is the worst that a test server does: 2^-25 for one request.
_BAD_NONCES: Final = 25
_FAILURES: Final = 4
_LONGEST_RETRY_AFTER: Final = 60.0


class AcmeClient:
    """One server and one key. Used by several threads at once."""

    def __init__(
        self,
        directory_url: str,
        transport: Transport,
        key: JWKEC | JWKRSA,
        patience: Patience,
        watch: ClockWatch | None = None,
    ) -> None:
        """Speak to the server of ``directory_url`` with ``key``; ``watch`` is shown every answer."""
        self._watch = watch
        self.directory_url = directory_url
        self.key = key
        self._transport = transport
        self._patience = patience
        self._nonces: list[str] = []
        self._lock = threading.Lock()
        self._directory: messages.Directory | None = None

    @property
    def directory(self) -> messages.Directory:
        """The server's directory, fetched once.

        Raises:
            NetworkError: it was not reached or sent something else.
        """
        if self._directory is None:
            response = self._persist(lambda _: self._transport.send("GET", self.directory_url, {}))
            document = dict(parse_object(response, "directory"))
            if not all(isinstance(document.get(name), str) for name in ("newNonce", "newAccount", "newOrder")):
                raise malformed("directory")
            try:
                self._directory = messages.Directory.from_json(document)
            except (DeserializationError, TypeError, ValueError):
                raise malformed("directory") from None
        return self._directory

    def resource(self, name: str) -> str:
        """Give the URL of one of the directory's resources."""
        return str(self.directory[name])

    def has_resource(self, name: str) -> bool:
        """Whether the directory names the resource ``name``."""
        return name in self.directory.to_partial_json()

    def post(self, url: str, payload: bytes, *, kid: str | None, accept: str = "") -> Response:
        """Send ``payload``, signed; an empty one is a POST-as-GET. ``kid`` is the account's URL, if it has one yet.

        Raises:
            AcmeProblemError: the server refused.
            NetworkError: it was not reached, or it failed again and again.
        """
        headers = {"Content-Type": _JOSE, **({"Accept": accept} if accept else {})}

        def send(nonce: bytes) -> Response:
            signed = jws.JWS.sign(payload, self.key, algorithm_of(self.key), nonce, url, kid)
            return self._transport.send("POST", url, headers, signed.json_dumps().encode())

        return self._persist(send, signed=True)

    def _persist(self, send: Callable[[bytes], Response], *, signed: bool = False, keep_nonce: bool = True) -> Response:
        """Send until there is an answer that trying again would not change; with a nonce each time if it is signed."""
        failures = bad_nonces = 0
        while True:
            nonce = _decode_nonce(self._take_nonce()) if signed else b""
            try:
                response = send(nonce)
            except NetworkError as error:
                failures += 1
                if error.code != "acme-unreachable" or failures >= _FAILURES:
                    raise
                self._patience.wait(growing_pause(5 + failures), "the CA to be reached")
                continue
            if self._watch is not None:
                self._watch.see(response.headers)
            if keep_nonce:
                self._keep_nonce(response.headers)
            if response.status in _OK:
                return response
            if _is_bad_nonce(response) and bad_nonces < _BAD_NONCES:
                bad_nonces += 1  # RFC 8555 §6.5: the answer brought a fresh one
                continue
            failures += 1
            self._wait_or_raise(response, failures)

    def _wait_or_raise(self, response: Response, failures: int) -> None:
        retry_after = self._patience.retry_after(response.headers.get("retry-after", ""))
        if response.status == _TOO_MANY:
            # A limit that lasts for hours is a refusal; RFC 8555 §6.6 lets a short one be waited out.
            if retry_after is None or retry_after > _LONGEST_RETRY_AFTER or failures >= _FAILURES:
                problem = problem_of(response)
                if retry_after is not None:
                    problem.retry_after = retry_after
                    problem.hint = f"the CA asks to come back in {retry_after:.0f} s; trying sooner makes it longer"
                raise problem
        elif response.status not in _FAULTS_OF_THE_SERVER:
            raise problem_of(response)
        elif failures >= _FAILURES:
            message = f"the CA failed {failures} times: {problem_of(response).message}"
            raise NetworkError(message, code="acme-unavailable", hint="the fault is the CA's; try again later")
        pause = retry_after if retry_after is not None else growing_pause(7 + failures)
        self._patience.wait(pause, "the CA to be ready again")

    def verify_clock(self) -> None:
        """See that this host's clock is near enough to the server's to place an order.

        Raises:
            EdgecertError: ``clock-wrong``.
            NetworkError: the server was not reached.
        """
        if self._watch is not None:
            self._put_back(self._take_nonce())  # whose answer no cache has
            self._watch.verify()

    def _put_back(self, nonce: str) -> None:
        with self._lock:
            self._nonces.append(nonce)

    def _take_nonce(self) -> str:
        with self._lock:
            if self._nonces:
                return self._nonces.pop()
        url = self.resource("newNonce")
        response = self._persist(lambda _: self._transport.send("HEAD", url, {}), keep_nonce=False)
        if nonce := response.headers.get("replay-nonce", ""):
            return nonce
        message = f"the ACME server gave no nonce (status {response.status})"
        raise NetworkError(message, code="acme-unavailable", hint="the fault is the CA's; try again later")

    def _keep_nonce(self, headers: Mapping[str, str]) -> None:
        if nonce := headers.get("replay-nonce"):
            self._put_back(nonce)


def _decode_nonce(text: str) -> bytes:
    try:
        return decode_b64jose(text)
    except DeserializationError:
        raise malformed("nonce") from None


def _is_bad_nonce(response: Response) -> bool:
    try:
        return kind_of(parse_object(response, "problem")) == "badNonce"
    except NetworkError:
        return False
