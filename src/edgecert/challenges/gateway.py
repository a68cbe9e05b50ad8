"""http-01 by the gateway that runs on the edge: it has port 80, and is told the tokens over its control socket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.interfaces import ChallengeSolver
from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import ChallengeError, EdgecertError, TargetNotRunningError
from edgecert.shared.overriding import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.challenge import Challenge
    from edgecert.shared.jsonvalue import JsonObject


class GatewaySolver(ChallengeSolver):
    """Puts tokens into the gateway behind a control socket, which forgets them by itself after an hour."""

    def __init__(self, control: str, user: str = "") -> None:
        """Call the gateway that listens at ``control``; ``user`` as :class:`ControlClient` has it."""
        self._control = control
        self._client = ControlClient(Path(control), expect_user=user)

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """Let the gateway answer for ``challenges``.

        Raises:
            ChallengeError: ``gateway-http01``: it does not run, or does not listen for http-01.
            PermissionDeniedError: the socket may not be used, or somebody else listens there.
        """
        try:
            self._client.post("/v1/http01", {"tokens": _tokens(challenges)})
        except TargetNotRunningError as error:
            hint = "start it, or let edgecert answer by itself: listen"
            raise ChallengeError(error.message, code="gateway-http01", hint=hint) from error
        except EdgecertError as error:
            if error.code not in {"http01-not-listening", "no-such-call"}:
                raise
            message = f"the gateway at {self._control} does not answer http-01: {error.message}"
            hint = 'set http01 = "0.0.0.0:80" in [listen] of its gateway.toml and restart it'
            raise ChallengeError(message, code="gateway-http01", hint=hint) from error

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Let the gateway forget ``challenges``; one that does not run has forgotten them."""
        try:
            self._client.post("/v1/http01/forget", {"tokens": [challenge.token for challenge in challenges]})
        except TargetNotRunningError:
            return
        except EdgecertError as error:
            if error.code not in {"http01-not-listening", "no-such-call"}:
                raise ChallengeError(error.message, code="gateway-http01", hint=error.hint) from error


def _tokens(challenges: Sequence[Challenge]) -> JsonObject:
    return {challenge.token: challenge.value for challenge in challenges}
