"""http-01 by an own web server that knows nothing but the tokens of the moment."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from edgecert.challenges.listening import TIMEOUT, ShortServer
from edgecert.interfaces import ChallengeSolver
from edgecert.shared.http01 import LONGEST_HEAD, is_whole, respond
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.challenge import Challenge


class ResponderSolver(ChallengeSolver):
    """Listens from the first token to the last; in between nothing is open."""

    def __init__(self, listen: str) -> None:
        """Listen on ``listen``: ``address:port``, an IPv6 address in brackets."""
        self._answers: dict[str, str] = {}
        self._server = ShortServer(listen, "http-01", self._answer, "use the web server that is there: webroot")

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """Answer for ``challenges`` from now on.

        Raises:
            ChallengeError: ``listen-failed``.
            PermissionDeniedError: the port is one of those that only root may open.
        """
        self._answers |= {challenge.path: challenge.value for challenge in challenges}
        self._server.open()

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Forget ``challenges``; with the last one the port is closed."""
        for challenge in challenges:
            self._answers.pop(challenge.path, None)
        if not self._answers:
            self._server.close()

    def _answer(self, connection: socket.socket) -> None:
        connection.sendall(respond(_read_head(connection), self._answers))
        connection.shutdown(socket.SHUT_WR)


def _read_head(connection: socket.socket) -> bytes:
    end = time.monotonic() + TIMEOUT
    head = b""
    while not is_whole(head) and time.monotonic() < end:
        data = connection.recv(LONGEST_HEAD)
        if not data:
            break
        head += data
    return head
