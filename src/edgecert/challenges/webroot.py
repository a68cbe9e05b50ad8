"""http-01 by a web server that runs already: files below its document root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.interfaces import ChallengeSolver
from edgecert.shared.atomic import leftovers_of, make_directory, remove_file, write_file
from edgecert.shared.errors import ChallengeError
from edgecert.shared.overriding import override
from edgecert.shared.privateplaces import ensure_private_parent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgecert.model.challenge import Challenge

_FILE: Final = 0o644  # the web server is another user, and the CA is everybody
_DIRECTORY: Final = 0o755


class WebrootSolver(ChallengeSolver):
    """Puts ``.well-known/acme-challenge/<token>`` below a document root and takes it away again."""

    def __init__(self, webroot: Path) -> None:
        """Write below ``webroot``, which must be there."""
        self._webroot = webroot

    @override
    def present(self, challenges: Sequence[Challenge]) -> None:
        """Write a file for each of ``challenges``.

        Raises:
            ChallengeError: ``webroot-unwritable``.
            PermissionDeniedError: another user could exchange a directory on the way while root writes.
        """
        if not self._webroot.is_dir():
            raise ChallengeError(
                f"there is no directory {self._webroot}",
                code="webroot-unwritable",
                hint="webroot is the document root that the web server has for these names",
            )
        try:
            for challenge in challenges:
                path = self._path(challenge)
                ensure_private_parent(path)
                make_directory(path.parent, _DIRECTORY)
                write_file(path, challenge.value.encode(), _FILE)
        except OSError as error:
            message = f"nothing can be written below {self._webroot}: {error.strerror or error}"
            hint = "run edgecert as a user who may, or let it answer by itself: listen"
            raise ChallengeError(message, code="webroot-unwritable", hint=hint) from error

    @override
    def clean_up(self, challenges: Sequence[Challenge]) -> None:
        """Take the files of ``challenges`` away; the directories stay.

        Raises:
            ChallengeError: ``webroot-unwritable``.
        """
        try:
            for challenge in challenges:
                path = self._path(challenge)
                for name in leftovers_of(path):
                    remove_file(path.with_name(name))
                if path.exists():
                    remove_file(path)
        except OSError as error:
            message = f"{error.filename} could not be taken away: {error.strerror or error}"
            raise ChallengeError(message, code="webroot-unwritable", hint="take it away by hand") from error

    def _path(self, challenge: Challenge) -> Path:
        return self._webroot / challenge.path.lstrip("/")
