"""The first round trips while everything else gets ready: they need no key, no order and none of the libraries."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from edgecert.issuers.acme.transport import Response, Transport
from edgecert.shared.commandline import leave_interrupts_to_main_thread
from edgecert.shared.errors import NetworkError
from edgecert.shared.jsonfields import JsonProblem, load_json
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Mapping


class AheadTransport(Transport):
    """A transport that asks for directory and nonce in a thread of its own, and keeps both until they are wanted."""

    def __init__(self, inner: Transport, directory_url: str) -> None:
        """Send by ``inner``."""
        self._inner = inner
        self._directory_url = directory_url
        self._thread: threading.Thread | None = None
        self._kept: dict[tuple[str, str], Response | NetworkError] = {}

    def start(self) -> None:
        """Begin; what fails is told to who asks for it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._ask, name="acme-ahead", daemon=True)
            self._thread.start()

    def _ask(self) -> None:
        leave_interrupts_to_main_thread()
        directory = self._keep("GET", self._directory_url)
        if directory is None:
            return
        try:
            url = load_json(directory.body).get("newNonce")
        except JsonProblem:
            return
        if isinstance(url, str):
            self._keep("HEAD", url)

    def _keep(self, method: str, url: str) -> Response | None:
        try:
            answer: Response | NetworkError = self._inner.send(method, url, {})
        except NetworkError as error:
            answer = error
        self._kept[method, url] = answer
        return answer if isinstance(answer, Response) else None

    def peek(self, method: str, url: str) -> Response | None:
        """Give what was asked for ahead and leave it there; None where it was not asked for, or failed."""
        if self._thread is not None:
            self._thread.join()
        kept = self._kept.get((method, url))
        return kept if isinstance(kept, Response) else None

    @override
    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """Give what was asked for ahead, once; send everything else."""
        if self._thread is not None and method != "POST":
            self._thread.join()
            kept = self._kept.pop((method, url), None)
            if isinstance(kept, NetworkError):
                raise kept
            if kept is not None:
                return kept
        return self._inner.send(method, url, headers, body)

    @override
    def close(self) -> None:
        """Close what is open."""
        if self._thread is not None:
            self._thread.join()
        self._inner.close()
